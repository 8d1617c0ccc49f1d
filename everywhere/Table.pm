package everywhere::Table;

# The one table: a row for each place.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

# A row is { name, is => sentence, here => versions or undef, checks => [ { name, passed, failed => [], skipped => [] } ],
# not_run => why there are no checks, or undef, gone => true where the mirror has no such release }.

sub _cell ($text) { return $text =~ s/[|]/\\|/gr =~ s/\s+/ /gr }

# Each reason once, with how often it was given.
sub _reasons (@reasons) {
    my ( %times, @once );
    $times{$_}++ or push @once, $_ for @reasons;
    return join '; ', map { $times{$_} > 1 ? "$times{$_} x $_" : $_ } @once;
}

sub _row ($row) {
    my @checks  = @{ $row->{checks} // [] };
    my @skipped = map { @{ $_->{skipped} } } @checks;
    my $passed  = 0;
    $passed += $_->{passed} for @checks;
    my $failed = map { @{ $_->{failed} } } @checks;
    my $what   = $row->{is} . ( defined $row->{here} ? " ($row->{here})" : q{} );
    my $why    = $row->{not_run} // ( @skipped ? @skipped . ': ' . _reasons(@skipped) : '0' );
    my @cells  = ( $row->{name}, $what, join( ' ', grep { length } map { $_->{name} } @checks ) || 'nothing' );
    push @cells, defined $row->{not_run} ? ( '-', $row->{gone} ? '-' : 'not made' ) : ( $passed, $failed );
    return '| ' . join( ' | ', map { _cell($_) } @cells, $why ) . " |\n";
}

sub text (@rows) {
    my $text = "| place | what it is | what ran | passed | failed | skipped, and why |\n|---|---|---|---|---|---|\n";
    $text .= _row($_) for @rows;
    my @failed = map {
        my $row = $_;
        map {
            my $check = $_;
            map { "- $row->{name}, $check->{name}: " . (s/\s+/ /gr) . "\n" } @{ $check->{failed} }
        } @{ $row->{checks} // [] }
    } @rows;
    return $text . ( @failed ? "\nWhat failed:\n\n" . join( q{}, @failed ) : q{} );
}

# How many rows are not as they should be. That a release is gone is nobody's fault.
sub faults (@rows) {
    return scalar grep {
        my $row = $_;
        ( defined $row->{not_run} && !$row->{gone} ) || grep { @{ $_->{failed} } } @{ $row->{checks} // [] }
    } @rows;
}

1;

__END__

=head1 NAME

everywhere::Table - the table of make everywhere

=cut

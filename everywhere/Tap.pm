package everywhere::Tap;

# What a check has said, counted. A check speaks TAP: a test of ours as it is, and what everywhere/inside runs beside them.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use TAP::Parser ();

# $text: all of standard output; $exit: the wait status; $stopped: why it was ended from outside, or undef.
# Result: { passed => count, failed => [descriptions], skipped => [reasons], here => what the check said of the place }
sub count ( $text, $exit, $stopped = undef ) {
    my %count  = ( passed => 0, failed => [], skipped => [], here => undef );
    my $parser = TAP::Parser->new( { tap => $text =~ m{\S} ? $text : "#\n" } );
    while ( my $line = $parser->next ) {
        if    ( $line->is_comment && $line->comment =~ /\Ahere: (.*)/ ) { $count{here} = $1 }
        elsif ( $line->is_bailout ) { push @{ $count{failed} }, 'gave up: ' . $line->explanation }
        elsif ( $line->is_plan && defined $parser->skip_all && $parser->skip_all ) {
            push @{ $count{skipped} }, $parser->skip_all;
        }
        next if !$line->is_test;
        if    ( $line->has_skip ) { push @{ $count{skipped} }, $line->explanation || 'no reason given' }
        elsif ( $line->is_ok )    { $count{passed}++ }
        else                      { push @{ $count{failed} }, $line->description =~ s/\A- //r }
    }
    my $ran = $count{passed} + @{ $count{failed} } + @{ $count{skipped} };
    if    ( defined $stopped ) { push @{ $count{failed} }, $stopped }
    elsif ( !$ran )            { push @{ $count{failed} }, 'ran no test' }
    elsif ( !@{ $count{failed} } && $parser->parse_errors ) {
        push @{ $count{failed} }, 'ended before it was over: ' . ( $parser->parse_errors )[0];
    }
    elsif ( !@{ $count{failed} } && $exit != 0 ) {
        push @{ $count{failed} }, sprintf 'ended with status %d', $exit >> 8 || $exit;
    }
    return \%count;
}

1;

__END__

=head1 NAME

everywhere::Tap - counts what a check has said

=cut

package measure::Table;

# What the tables of measurements have in common: columns of results, ratios in words, progress, the JSON beside them.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Exporter       qw(import);
use File::Basename qw(basename dirname);
use File::Path     qw(make_path);
use JSON::PP       ();
use measure::Rounds;

our @EXPORT_OK = qw(progress fail expect_programs digits column cpu_column median_of ratio write_json);

my $show_progress = -t STDERR;

sub progress ($text) {
    printf STDERR "\r\e[K%s", $text if $show_progress;
    return;
}

sub fail ($message) {
    progress('');
    die basename($0) . ": $message\n";
}

# To be asked before the first run: a program missed in the last race would waste the others.
sub expect_programs (@paths) {
    my @missing = grep { !-x } @paths or return;
    fail(   "there is no $missing[0]; build what is missing with 'make "
          . join( ' ', map { 'bin/' . basename($_) } @missing )
          . "'" );
    return;
}

# Three digits say enough, and keep the columns where they are.
sub digits ($number) { return sprintf $number < 10 ? '%.2f' : $number < 100 ? '%.1f' : '%.0f', $number }

sub column ( $results, $name ) {
    return [ map { $_->{$name} } @{$results} ];
}

# A run so short that the clock of CPU time has not ticked counts as one microsecond.
sub cpu_column ($results) {
    return [ map { my $cpu_s = $_->{user_s} + $_->{sys_s}; $cpu_s > 0 ? $cpu_s : 1e-6 } @{$results} ];
}

sub median_of ( $results, $name ) {
    return measure::Rounds::median( @{ column( $results, $name ) } );
}

sub ratio ( $ours, $theirs ) {
    return sprintf '%s (%s to %s)', map { digits($_) } measure::Rounds::paired_ratio( $ours, $theirs );
}

sub write_json ( $path, $measurement ) {
    make_path( dirname($path) );
    open my $file, '>', $path or fail("cannot write $path: $!");
    print {$file} JSON::PP->new->canonical->pretty->encode($measurement);
    close $file or fail("cannot write $path: $!");
    return;
}

1;

__END__

=head1 NAME

measure::Table - common functions for the tables of measurements

=head1 FUNCTIONS

All are exported on request. RESULTS is what measure::Rounds::interleave returns for one entry: one result a round.

=head2 progress($text)

Shows the text in place of the last one when standard error is a terminal; with '' it wipes the line.

=head2 fail($message)

Wipes the progress and ends the script with one line: its name and the message.

=head2 expect_programs(@paths)

Does nothing when all these programs exist; otherwise fails and names the make command that builds the missing ones.

=head2 digits($number)

The number with three digits.

=head2 column(\@results, $name), cpu_column(\@results)

The values of one name, for example C<wall_s>, in the order of the rounds; and the sums of user and system time.

=head2 median_of(\@results, $name)

The median of a column.

=head2 ratio(\@ours, \@theirs)

The median of the ratios of two columns and its interval, in words: C<0.87 (0.85 to 0.90)>.

=head2 write_json($path, $data)

Writes the data to the path and makes its folder if necessary. Dies with one line.

=cut

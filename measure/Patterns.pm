package measure::Patterns;

# Runs bench/patterns.c in interleaved rounds and sees to it that all who take part do the same work.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Exporter   qw(import);
use List::Util qw(max);
use measure::Launch;
use measure::Machine;
use measure::Rounds;
use measure::Table qw(progress fail);

our @EXPORT_OK = qw(race listed);

my $RUN_WALL_S = 60;         # no run may take longer
my $LEAST_KIB  = 64 * 1024;  # of memory are made ready for even the smallest pattern: some peers take far more than sys

sub _run ( $command, $launcher, %more ) {
    my $result = measure::Launch::run( command => $command, launcher => $launcher, wall_s => $RUN_WALL_S, %more );
    _expect_success($result);
    return $result;
}

sub _expect_success ($result) {
    return if measure::Launch::ok($result);
    fail( "@{ $result->{command} } " . measure::Launch::sentence($result) );
    return;
}

# What a run counted.
sub _operations_of ($result) {
    _expect_success($result);
    return 0 + $1 if $result->{stdout} =~ /\A(\d+) operations\n\z/;
    fail("@{ $result->{command} } did not say how many operations it did");
    return;
}

sub listed ( $program, $launcher ) {
    return map { my ( $name, $stands_for ) = split /\t/; { name => $name, stands_for => $stands_for } } split /\n/,
      _run( [ $program, '--list' ], $launcher )->{stdout};
}

# The trial shows how much memory to make ready before each run that counts.
sub race (%options) {
    progress("$options{label}, trial");
    my $trial = _run( $options{trial}, $options{launcher}, touch_bytes => measure::Machine::touch_bytes($LEAST_KIB) );
    my $operations = _operations_of($trial);
    my $results    = measure::Rounds::interleave(
        entries => $options{entries},
        rounds  => $options{rounds},
        launch  => {
            launcher    => $options{launcher},
            wall_s      => $RUN_WALL_S,
            touch_bytes => measure::Machine::touch_bytes( max( $trial->{peak_kib}, $LEAST_KIB ) )
        },
        check => sub ( $entry, $result ) {
            my $own = _operations_of($result);
            return if $own == $operations;
            fail("@{ $result->{command} } did $own operations, but @{ $trial->{command} } did $operations");
        },
        on_progress => sub ( $done, $total, $entry ) {
            progress(
                $entry
                ? sprintf '%s, run %d of %d: %s', $options{label}, $done + 1, $total, $entry->{name}
                : ''
            );
        },
    );
    return { operations => $operations, results => $results };
}

1;

__END__

=head1 NAME

measure::Patterns - races of the allocation patterns

=head1 FUNCTIONS

Both are exported on request, and end the script with one line when a program fails.

=head2 listed($program, $launcher)

The patterns that a program knows: a list of { name, stands_for }.

=head2 race(label => TEXT, trial => [COMMAND], entries => [...], rounds => N, launcher => FILE)

Runs the trial once, to learn its operations and its memory, and then the entries in rounds, as measure::Rounds::interleave
does. All must report as many operations as the trial. Returns that number and the result of interleave: { operations,
results }. The label is part of the progress line.

=cut

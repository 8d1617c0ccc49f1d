package grader::stages::Contract;

# This stage checks the promises of the course to its students, beyond right answers. Each promise is a check of
# grader/contract, and a test of its own.
#
# The stage also checks the promises that only our own contract makes (xmalloc.h); the rubric gives no points for them.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::contract::Check;
use grader::contract::Consequence;
use grader::contract::Memcheck;
use grader::contract::OneLock;
use grader::contract::Races;
use grader::contract::SmallSpace;
use grader::contract::Suite;
use measure::Contention;

# Where others use the machine too, and where there is one processor, the first check that does not end gets so many times
# longer once more.
my $PATIENCE = 3;

# After so many checks of one backend that did not end in time, the others are not waited for.
my $MOST_HUNG = 2;

# What the stubs of the student kit say (handout/par_alloc.c).
my $NOT_WRITTEN = qr/\b\w+[.]c: xmalloc is not written yet/;

# In the order in which they are run and told.
sub checks ($terms) {
    return (
        grader::contract::Suite::promised($terms), grader::contract::SmallSpace::check($terms),
        grader::contract::OneLock::check(),        grader::contract::Memcheck::check(),
        grader::contract::Races::check(),          grader::contract::Suite::ours($terms),
    );
}

# Result: the tests for the backends of the job that are handed in, as test.pl wants them.
sub tests ($job) {
    my $terms = $job->settings->{terms};
    my @tests;
    for my $backend ( grep { $_ eq 'hw08' || $_ eq 'par' } $job->backends ) {
        my @checks = grep { !defined $_->{only} || $_->{only} eq $backend } checks($terms);
        my %state  = ( hung => 0, outcomes => {}, checks => { map { $_->{id} => $_ } @checks } );
        for my $check (@checks) {
            push @tests,
              {
                id   => "$backend.$check->{id}",
                name => "$backend: $check->{name}" . ( $check->{ours} ? ' (not asked by the course)' : q{} ),
                ours => $check->{ours},
                run  => sub { _run( $job, $backend, $check, \%state ) },
              };
        }
    }
    return @tests;
}

sub _run ( $job, $backend, $check, $state ) {
    if ( $state->{hung} >= $MOST_HUNG ) {
        my $why = "$state->{hung} checks of $backend before this one did not end in time";
        return $check->{ours}
          ? { verdict => 'skip', reason => $why }
          : { verdict => 'fail', diag => ["not tried, because $why"], hint => 'make those pass first' };
    }
    if ( defined $state->{not_written} ) {
        return { verdict => 'fail', diag => ["not tried: $state->{not_written}"], hint => 'write it first' };
    }
    my $outcome = _outcome( $job, $backend, $check, $state );
    $outcome = grader::contract::Consequence::told(
        $check->{id},
        $outcome,
        sub ($id) {
            my $other = $state->{checks}{$id} // return;
            return _outcome( $job, $backend, $other, $state );
        }
    );
    $state->{hung}++             if delete $outcome->{hung};
    $state->{threads_failed} = 1 if $check->{id} eq 'threads' && $outcome->{verdict} eq 'fail';
    return _died_of_it($outcome) if delete $outcome->{tool_died} && $state->{threads_failed};
    ( $state->{not_written} ) = map { /($NOT_WRITTEN)/ } @{ $outcome->{diag} // [] };
    return $outcome;
}

# A check may be asked for before its turn, because another one follows from it; it is run once.
sub _outcome ( $job, $backend, $check, $state ) {
    return $state->{outcomes}{ $check->{id} } //= _run_patiently( $job, $backend, $check, $state );
}

# A tool that dies of a submission proves nothing, but for one whose threads disturb each other without it, too.
sub _died_of_it ($outcome) {
    return {
        verdict => 'fail',
        diag    => [ $outcome->{reason}, 'its threads disturb each other without that tool, too, as is told above' ],
        hint    => 'make the check of threads pass first',
    };
}

sub _run_patiently ( $job, $backend, $check, $state ) {
    my $watch   = measure::Contention->new( threads => 2 );
    my $run     = sub () { $check->{run}->( $job, $backend, $check ) };
    my $outcome = grader::contract::Check::unless_untold($run);
    return $outcome if !$outcome->{was_slow} || $state->{was_patient};
    return $outcome if !$watch->reasons && $watch->usable_cpus >= 2;
    $state->{was_patient} = 1;
    local $grader::contract::Check::times_longer = $PATIENCE;
    return grader::contract::Check::unless_untold($run);
}

1;

__END__

=head1 NAME

grader::stages::Contract - does a submission keep what the course promised?

=head1 FUNCTIONS

=head2 tests($job)

The tests of this stage, for C<hw08> and C<par> if they are among C<< $job->backends >>. Nothing runs before the caller calls
the C<run> of a test. The caller must run the tests of a backend in their order: after two that did not end in time, the others
fail without a run.

The job must have these methods:

=over

=item settings

With C<terms>, what the rubric says was promised.

=item backends, drawn($purpose, $low, $high), nonce

As in grader::Job.

=item binary($backend, $flavour, $name)

The path of C<tests/suite-par> and the like, in the flavour C<release>, C<valgrind> or C<tsan>. If there is no such binary, it
dies with C<< { complaint => sentence, errors => [lines] } >>.

=item launch(command => [...], see => [folders], wall_s, env, output_bytes, capture_bytes, processes)

Runs a command in the sandbox; the result is that of measure::Launch::run. The programs need C</proc/self>, a C</tmp>
that they may write to, and an address space without limit.

=back

=cut

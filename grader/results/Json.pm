package grader::results::Json;

# The full result of a grade, for programs.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();

my $SCHEMA = 'xmalloc-grade 1';

# $results: a grader::results::Results.
sub text ($results) {
    return JSON::PP->new->canonical->pretty->encode(
        {
            schema   => $SCHEMA,
            about    => $results->about,
            complete => $results->is_complete
            ? JSON::PP::true
            : JSON::PP::false,
            stopped => $results->stopped,
            seconds => $results->seconds,
            score   => $results->score,
            max     => $results->max_score,
            tests   => [ $results->tests ],
            not_run => [ $results->not_run ],
        }
    );
}

1;

__END__

=head1 NAME

grader::results::Json - the JSON file

=head1 THE JSON FILE

    schema    "xmalloc-grade 1"
    about     { submission, seed, isolation, machine, rubric }
    complete  true when every test was run
    stopped   why the grader had to stop, or null
    seconds   how long it took so far
    score     points so far
    max       the most points possible
    tests     [ { id, name, verdict, points, max, seconds, reported, reason, hint, value, interval, notes, diag,
              slow, blameless, ours } ]
    not_run   [ { id, name, max } ], the tests that have not been run

C<verdict> is "pass", "fail" or "skip"; C<reason> says why a test was skipped. C<reported> is true when a failure is reported
but costs no points. C<diag> holds the lines that explain a failure, C<notes> holds lines that are of interest in any case, and
C<hint> says what to do next. C<value> of a speed test is the measured ratio; C<interval> is the two ends of the interval that
holds the true ratio. C<slow>, C<blameless> and C<ours> are what points depend on beside the verdict
(F<grader/results/Points.pm>): a right answer that came late, a test that was skipped through nobody's fault, and a promise that
only this kit makes.

=cut

package grader::contract::Chance;

# What chance can turn is not a verdict: a measurement near its limit is made again, and most of the runs decide.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

# An odd number, so that there always is a majority.
my $MOST_RUNS = 5;

# Within this factor of a limit, on either side, it is near.
my $NEAR = 2;

sub is_near ( $measured, $limit ) { return $measured * $NEAR > $limit && $measured < $NEAR * $limit }

# $run: makes the measurement and gives its outcome, in which near says that it was near its limit. Result: the outcome of most
# of the runs, which are as many as are needed; a note says how often it failed.
sub decide ($run) {
    my @outcomes = $run->();
    return $outcomes[0] if !$outcomes[0]{near};
    my %count = ( pass => 0, fail => 0 );
    $count{ $outcomes[0]{verdict} }++;
    while ( @outcomes < $MOST_RUNS && $count{pass} <= $MOST_RUNS / 2 && $count{fail} <= $MOST_RUNS / 2 ) {
        my $outcome = $run->();
        return $outcome if !exists $count{ $outcome->{verdict} } || $outcome->{hung};
        push @outcomes, $outcome;
        $count{ $outcome->{verdict} }++;
    }
    my $verdict = $count{fail} > $count{pass} ? 'fail' : 'pass';
    my ($usual) = grep { $_->{verdict} eq $verdict } @outcomes;
    my $runs    = @outcomes;
    my $note = "it is near what is accepted, so it was run $runs times: $count{fail} failed, and the majority decides";
    return { %{$usual}, notes => [ @{ $usual->{notes} // [] }, $count{fail} ? $note : () ] };
}

1;

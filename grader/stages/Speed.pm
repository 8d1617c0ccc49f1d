package grader::stages::Speed;

# The speed stage: is the graded backend fast enough? Both backends of a comparison run in rounds, in an order that a coin
# decides. Their TOP is chosen on this machine, so that the slower one takes long enough for good timing. Every timed run must
# also give the right answer. grader::speed::Sequential decides when there are enough rounds, and gives the verdict.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(max);
use grader::speed::Run;
use grader::speed::Sequential;
use grader::speed::Series;
use grader::speed::Words;
use measure::Rounds;

# The part of its time in which the baseline of a base works at least.
my $LEAST_BUSY_SHARE = 0.5;

# Result: the tests, as of grader::stages::Correctness::tests; those whose backends are graded. The outcome of each has, when there
# is one, the measured ratio (value), what it may be (interval => [low, high]), and the number of rounds.
sub tests ($job) {
    my $settings = $job->settings;
    my ( $graded, $baseline, $library ) = @{$settings}{qw(graded baseline library)};
    my ( @base, @challenge, @bonus );
    for my $program ( $job->programs ) {
        my $base = _comparison( $job, $program, $baseline, $graded, $settings->{base_aim_s} );
        push @base,
          _test( $base, 'base', "is at least $settings->{base_ratio} times faster than", $settings->{base_ratio} );
        my $race = _comparison( $job, $program, $graded, $library, $settings->{challenge_aim_s} );
        push @challenge, _test( $race, 'challenge', 'is faster than', $settings->{challenge_ratio} );
        next if !defined $settings->{bonus_ratio};
        my $percent = sprintf '%.3g', 100 * ( 1 - $settings->{bonus_ratio} );
        push @bonus, _test( $race, 'bonus', "takes at least $percent% less time than", $settings->{bonus_ratio} );
    }
    return if !$job->has_backends($graded);
    return ( $job->has_backends($baseline) ? @base : (), @challenge, @bonus );
}

# The base asks whether the ratio, that of the baseline to the graded backend, is at least the threshold; the others ask
# whether theirs, that of the graded backend to the library, is below it. Result: as grader::speed::Series takes it.
sub _comparison ( $job, $program, $over, $under, $aim_s ) {
    return {
        job        => $job,
        program    => $program,
        over       => $over,
        under      => $under,
        aim_s      => $aim_s,
        thresholds => [],
        is_base    => $under eq $job->settings->{graded},
    };
}

sub _test ( $comparison, $kind, $words, $threshold ) {
    my $settings = $comparison->{job}->settings;
    my $program  = $comparison->{program};
    my $graded   = $settings->{graded};
    push @{ $comparison->{thresholds} }, $threshold;
    return {
        id   => "$graded.$kind.$program",
        name => "$program: $graded $words "
          . ( $graded eq $comparison->{over} ? $comparison->{under} : $comparison->{over} )
          . " ($kind)",
        run => sub { _outcome( $comparison, $threshold ) },
    };
}

# The first test of a comparison that is run makes the rounds for all of them.
sub _outcome ( $comparison, $threshold ) {
    my $settings = $comparison->{job}->settings;
    my $series   = $comparison->{series} //= grader::speed::Series::make($comparison);
    return $series if $series->{verdict};
    my $judged =
      grader::speed::Sequential::judge( $series->{plan}, $threshold, $series->{rounds}, spent => $series->{spent} );
    my %figures =
      defined $judged->{ratio}
      ? ( value => $judged->{ratio}, interval => [ @{$judged}{qw(low high)} ], rounds => $judged->{rounds} )
      : ();
    my $reached = $comparison->{is_base} ? 'not faster' : 'faster';
    my @notes   = (
        grader::speed::Words::summary( $comparison, $threshold, $judged ),
        grader::speed::Words::contention_notes( $series, $judged )
    );
    if ( $judged->{answer} eq $reached ) {
        my $idle = _idle_baseline( $comparison, $judged );
        return { verdict => 'fail', diag => [ $idle, @notes ], %figures } if defined $idle;
        return { verdict => 'pass', notes => \@notes, %figures } if !_needs_reference($comparison);
        my $held = _against_reference( $comparison, $threshold );
        return { %{$held}, %figures, _with_notes( $held, @notes ) };
    }
    return { verdict => 'fail', diag => \@notes, %figures, hint => grader::speed::Words::hint($comparison) }
      if $judged->{answer} ne 'cannot tell';
    if ( defined( my $share = grader::speed::Series::waits( $comparison, $series ) ) ) {
        my $graded = $settings->{graded};
        my $words =
          sprintf 'all threads of %s slept in %.0f%% of its time, and nobody else can make them: that is not fast',
          $graded, 100 * $share;
        return {
            verdict => 'fail',
            diag    => [ $words, @notes ],
            %figures,
            hint => 'does it sleep, or wait with a lock in its hand?'
        };
    }
    return {
        verdict => 'skip',
        reason  => 'cannot tell: ' . grader::speed::Words::why( $comparison, $threshold, $judged ),
        notes   => \@notes,
        %figures
    };
}

# ---- Our own homework ------------------------------------------------------------------------------------------------

# A homework that computes under its lock for nothing makes par look fast, too. So the base must hold against our own list
# under one lock, where we have it.
sub _needs_reference ($comparison) {
    my $job = $comparison->{job};
    return $comparison->{is_base} && $comparison->{over} ne $job->settings->{reference} && $job->has_reference;
}

# Result: an outcome.
sub _against_reference ( $comparison, $threshold ) {
    my $own = $comparison->{own} //= {
        %{$comparison},
        over       => $comparison->{job}->settings->{reference},
        series     => undef,
        thresholds => [$threshold]
    };
    my $outcome = _outcome( $own, $threshold );
    return $outcome if $outcome->{verdict} ne 'fail';
    return {
        verdict => 'fail',
        diag    => [
            "$comparison->{over} is slow: against our own list under one lock ($own->{over}) the base does not hold",
            @{ $outcome->{diag} }
        ],
        hint => 'a slow homework buys nothing: make par faster',
    };
}

# The notes of both comparisons, where the outcome has its lines.
sub _with_notes ( $outcome, @notes ) {
    my $place = $outcome->{verdict} eq 'fail' ? 'diag' : 'notes';
    return ( $place => [ @{ $outcome->{$place} // [] }, @notes ] );
}

# A baseline that sleeps when it is timed makes par look fast. An honest one works all the time: whoever does not hold its
# lock waits, but somebody holds it. Only where nobody else wanted the CPUs does waiting say anything. Result: what is wrong
# with it; nothing when all is well, or when it is not the baseline that was too slow.
sub _idle_baseline ( $comparison, $judged ) {
    my $series = $comparison->{series};
    return if !$comparison->{is_base};
    my @results = @{ $series->{results}{ $comparison->{over} } }[ 0 .. $judged->{rounds} - 1 ];
    my $idle    = grader::speed::Run::idle_share(@results) // 0;
    return sprintf 'all threads of %s slept in %.0f%% of its time: that is no baseline', $comparison->{over},
      100 * $idle
      if $idle > 1 - $LEAST_BUSY_SHARE;
    return if @{ $series->{contended} };
    my $share = measure::Rounds::median( map { grader::speed::Run::cpu_s($_) / max( 1e-6, $_->{wall_s} ) } @results );
    return if $share >= $LEAST_BUSY_SHARE;
    return sprintf '%s worked in %.0f%% of its time only, and waited for the rest: that is no baseline',
      $comparison->{over}, 100 * $share;
}

1;

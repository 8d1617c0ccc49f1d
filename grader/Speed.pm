package grader::Speed;

# The second stage: is the graded backend fast enough? Both backends of a comparison run in turns, at a TOP chosen on this
# machine so that the slower one takes long enough to be timed well. Every timed run must also give the right answer.
#
# The verdict rests on the interval of measure::Rounds::paired_ratio: when the threshold lies inside it, the runs scatter
# too much to tell, and the test is skipped with that reason.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(max min);
use POSIX      qw(floor log10);
use measure::Rounds;

# Result: the tests, as of grader::Correctness::tests; those whose backends are graded.
sub tests ($job) {
    my $settings = $job->settings;
    my ( $graded, $baseline, $library ) = @{$settings}{qw(graded baseline library)};
    my @base      = map { _base_test( $job, $_ ) } $job->programs;
    my @challenge = map { _challenge_test( $job, $_ ) } $job->programs;
    return (
        $job->has_backends( $graded, $baseline ) ? @base      : (),
        $job->has_backends( $graded, $library )  ? @challenge : ()
    );
}

sub _base_test ( $job, $program ) {
    my $settings = $job->settings;
    my ( $graded, $baseline, $least ) = @{$settings}{qw(graded baseline base_ratio)};
    return {
        name => "$program: $graded is at least $least times faster than $baseline (base)",
        run  => sub {
            _compare(
                $job, $program, $baseline, $graded,
                choose_top => \&_top_for_baseline,
                rounds     => $settings->{base_rounds},
                decide => sub ( $median, $low, $high ) { $low >= $least ? 'pass' : $high < $least ? 'fail' : undef },
                wanted => "at least $least",
            );
        },
    };
}

sub _challenge_test ( $job, $program ) {
    my $settings = $job->settings;
    my ( $graded, $library, $limit ) = @{$settings}{qw(graded library challenge_ratio)};
    return {
        name => "$program: $graded is faster than $library (challenge)",
        run  => sub {
            _compare(
                $job, $program, $graded, $library,
                choose_top => \&_top_for_library,
                rounds     => $settings->{challenge_rounds},
                decide => sub ( $median, $low, $high ) { $high < $limit ? 'pass' : $low >= $limit ? 'fail' : undef },
                wanted => "below $limit",
            );
        },
    };
}

# Times two backends and decides on the ratio $over / $under of their elapsed times.
sub _compare ( $job, $program, $over, $under, %how ) {
    for my $backend ( $over, $under ) {
        my ( $sentence, @more ) = $job->failed( $program, $backend );
        return { verdict => 'fail', diag => ["not timed: $sentence"] } if defined $sentence;
    }
    my ( $top, $wall_s );
    my $measured = eval {
        ( $top, my $peak_kib ) = $how{choose_top}->( $job, $program );
        $wall_s = _rounds( $job, $program, $top, $peak_kib, $how{rounds}, $over, $under );
        1;
    };
    if ( !$measured ) {
        die $@ if !ref $@;
        return { verdict => 'fail', diag => [ 'not timed: ' . $@->{complaint} ] };
    }
    my ( $median, $low, $high ) = measure::Rounds::paired_ratio( $wall_s->{$over}, $wall_s->{$under} );
    my $ratio   = sprintf '%s/%s %.3g (%.3g to %.3g), wanted %s', $over, $under, $median, $low, $high, $how{wanted};
    my $times   = join ', ', map { _time_words( $_, @{ $wall_s->{$_} } ) } $over, $under;
    my $summary = "$program $top, $how{rounds} rounds, medians of elapsed time: $times; $ratio";
    my $verdict = $how{decide}->( $median, $low, $high ) // 'skip';
    return { verdict => $verdict, diag => [$summary] } if $verdict eq 'fail';
    return {
        verdict => $verdict,
        notes   => [$summary],
        reason  => "cannot tell: the runs scatter too much, $ratio; grade again on a quieter machine",
    };
}

sub _time_words ( $backend, @wall_s ) {
    return sprintf '%s %.3f s +- %.3f', $backend, measure::Rounds::median(@wall_s), measure::Rounds::spread(@wall_s);
}

# Result: { backend => [elapsed seconds, round by round] }. A wrong answer ends it: dies with { complaint => sentence }.
sub _rounds ( $job, $program, $top, $peak_kib, $rounds, @backends ) {
    my $results = measure::Rounds::interleave(
        entries     => [ map { { name => $_, $job->command( $program, $_, $top ) } } @backends ],
        rounds      => $rounds,
        launch      => { touch_bytes => int( 1.2 * 1024 * $peak_kib ) },
        check       => sub ( $entry, $result ) { _insist_on_right( $job, $program, $entry->{name}, $top, $result ) },
        on_progress => sub ( $done,  $total, $entry ) {
            $job->progress->show("timing $program $top: @backends, $done of $total runs") if $entry;
        },
    );
    my %wall_s;
    for my $backend (@backends) {
        $wall_s{$backend} = [ map { $_->{wall_s} } @{ $results->{$backend} } ];
    }
    return \%wall_s;
}

sub _insist_on_right ( $job, $program, $backend, $top, $result ) {
    my $complaint = $job->complaint( $program, $backend, $top, $result ) // return;
    die { complaint => $complaint };
}

# ---- Choosing TOP ----------------------------------------------------------------------------------------------------
# Each returns the TOP and the largest resident memory seen there.

# The largest of a fixed list at which the baseline is done in time. Doubling TOP at least doubles the time.
sub _top_for_baseline ( $job, $program ) {
    my $settings = $job->settings;
    my ( $baseline, $longest_s ) = @{$settings}{qw(baseline base_longest_s)};
    my @tops = @{ $settings->{base_tops} };

    my $top    = shift @tops;
    my $result = $job->run( $program, $baseline, $top );
    _insist_on_right( $job, $program, $baseline, $top, $result );
    for my $next (@tops) {
        last if $result->{wall_s} * $next / $top > $longest_s;
        my $tried = $job->run( $program, $baseline, $next, wall_s => $longest_s );
        last if ( $tried->{stopped} // q{} ) eq 'wall';
        _insist_on_right( $job, $program, $baseline, $next, $tried );
        ( $top, $result ) = ( $next, $tried );
    }
    return ( $top, $result->{peak_kib} );
}

# One at which the library takes about as long as is aimed for, in steps of at most ten times.
sub _top_for_library ( $job, $program ) {
    my $settings = $job->settings;
    my $library  = $settings->{library};
    my $top      = $settings->{challenge_top}{first};
    while (1) {
        my $result = $job->run( $program, $library, $top );
        _insist_on_right( $job, $program, $library, $top, $result );
        my ( $wall_s, $peak_kib ) = @{$result}{qw(wall_s peak_kib)};
        my $factor     = min( 10,                            max( 1.3, $settings->{challenge_aim_s} / $wall_s ) );
        my $next       = min( _two_digits( $top * $factor ), $settings->{challenge_top}{most} );
        my $needed_kib = $peak_kib * $next / $top;
        return ( $top, $peak_kib )
          if $wall_s >= $settings->{challenge_shortest_s}
          || $next == $top
          || $needed_kib > $settings->{challenge_memory_kib};
        $top = $next;
    }
    return;
}

sub _two_digits ($number) {
    my $unit = 10**max( 0, floor( log10($number) ) - 1 );
    return $unit * floor( $number / $unit );
}

1;

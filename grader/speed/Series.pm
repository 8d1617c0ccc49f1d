package grader::speed::Series;

# The rounds of one comparison: both backends run in turns until grader::speed::Sequential has decided, or the time is up.
#
# A comparison is { job, program, over, under, aim_s, thresholds => [numbers], is_base }. The verdict is about the ratio of the
# times of the backends `over` and `under`; the slower one should take about aim_s.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util  qw(max min);
use Time::HiRes ();
use grader::speed::Proof;
use grader::speed::Run;
use grader::speed::Sequential;
use grader::speed::Top;
use measure::Contention;
use measure::Rounds;

# Tests set another clock.
our $NOW_S = sub () { Time::HiRes::clock_gettime( Time::HiRes::CLOCK_MONOTONIC() ) };

# With fewer rounds nothing is said at all.
my $FEWEST_ROUNDS = 3;

# So much more memory is touched before a run than the trial needed.
my $TOUCH_FACTOR = 1.2;

# Result: the series, { plan, rounds as of grader::speed::Sequential, results, top, cpus, spent, contended => [reasons] }; or an
# outcome when there can be none.
sub make ($comparison) {
    my ( $job, $program, @backends ) = @{$comparison}{qw(job program over under)};
    for my $backend (@backends) {
        my ( $sentence, @more ) = $job->failed( $program, $backend );
        return _not_timed( $comparison, $backend, $sentence, @more ) if defined $sentence;
    }
    my $settings = $job->settings;
    my $watch    = measure::Contention->new( threads => $settings->{speed_threads} );
    my $cpus     = $watch->usable_cpus;
    if ( $cpus < $settings->{speed_cpus_least} ) {
        my $have = sprintf '%.3g CPU%s', $cpus, $cpus == 1 ? q{} : 's';
        return {
            verdict => 'skip',
            reason  => "cannot tell: there is only $have here, on which programs of $settings->{speed_threads} threads "
              . "cannot be compared; grade on a machine with $settings->{speed_cpus_least} or more",
        };
    }
    my ( $backend, $series );
    my $made = eval {
        for ( @backends, $settings->{library} ) {
            $backend = $_;
            $job->binary( $backend, 'release', "bin/$program-$backend" );
        }
        $series = _rounds( $comparison, $watch );
        1;
    };
    return $series                                                                    if $made;
    die $@                                                                            if !ref $@;
    return { verdict => 'skip', reason => "cannot tell: not timed: $@->{complaint}" } if $@->{is_untold};
    return _not_timed( $comparison, $@->{backend} // $backend, $@->{complaint}, @{ $@->{errors} // [] } );
}

# The library is not the student's, nor is the reference: when one goes wrong, nothing is known.
sub _not_timed ( $comparison, $backend, $sentence, @more ) {
    return { verdict => 'fail', diag => [ "not timed: $sentence", @more ] }
      if $comparison->{job}->is_handed_in($backend);
    return { verdict => 'skip', reason => "cannot tell: not timed: $sentence" };
}

sub _rounds ( $comparison, $watch ) {
    my ( $job, $program, $over, $under ) = @{$comparison}{qw(job program over under)};
    my $settings = $job->settings;
    my ( $top, $peak_kib ) = grader::speed::Top::choose($comparison);
    my $touch_bytes = $comparison->{touch_bytes} = int( $TOUCH_FACTOR * 1024 * $peak_kib );

    my %series = (
        top       => $top,
        cpus      => min( $settings->{speed_threads}, $watch->usable_cpus ),
        rounds    => [],
        spent     => 0,
        contended => []
    );
    $series{plan} = grader::speed::Sequential::plan(
        alpha       => $settings->{speed_alpha},
        rounds_most => $settings->{speed_rounds_most}
    );
    my $wanted = grader::speed::Proof::wanted( $comparison, $top );
    my $started_s;
    $series{results} = measure::Rounds::interleave(
        entries => [ { name => $over }, { name => $under } ],
        rounds  => $settings->{speed_rounds_most},
        order   => sub ( $round, @entries ) {
            return $job->drawn( "order of $program-$over and $program-$under in round $round", 0, 1 )
              ? reverse @entries
              : @entries;
        },
        run => sub ($entry) {
            my $result = grader::speed::Run::run(
                $job, $program, $entry->{name}, $top,
                nonce       => $wanted->{nonce},
                touch_bytes => $touch_bytes
            );
            $watch->ran($result);
            grader::speed::Proof::insist( $comparison, $wanted, $entry->{name}, $top, $result );
            return $result;
        },
        go_on => sub ($results) {
            if ( !defined $started_s ) {    # the warm-up is over
                $started_s = $NOW_S->();
                $watch->start;
                return 1;
            }
            $series{contended} = [ $watch->reasons ];
            $series{missing}   = @{ $series{contended} } ? $watch->missing : 0;
            $series{results}   = $results;
            push @{ $series{rounds} }, _round( $results, \%series, $over, $under );
            $series{spent} = _is_spent( $settings, \%series, $NOW_S->() - $started_s );
            $series{spent} ||= @{ $series{rounds} } >= $FEWEST_ROUNDS && defined waits( $comparison, \%series );
            return !$series{spent} && _is_open( $comparison, \%series );
        },
    );
    grader::speed::Proof::insist_on_the_whole( $comparison, $wanted, \%series );
    return \%series;
}

# The last round, as grader::speed::Sequential::judge takes it.
sub _round ( $results, $series, $over, $under ) {
    my ( $above, $below ) = map { $results->{$_}[-1] } $over, $under;
    return {
        wall    => $above->{wall_s} / $below->{wall_s},
        cpu     => grader::speed::Run::cpu_s($above) / grader::speed::Run::cpu_s($below),
        stretch => [ map { max( 1, $series->{cpus} * $_->{wall_s} / grader::speed::Run::cpu_s($_) ) } $above, $below ],
        contended => scalar @{ $series->{contended} },
        missing   => $series->{missing},
    };
}

# Before the first look nothing can be told, so on a slow machine it may take twice the time.
sub _is_spent ( $settings, $series, $seconds ) {
    my $can_tell = @{ $series->{rounds} } >= $series->{plan}{looks}[0]{rounds};
    return $seconds >= $settings->{speed_seconds_most} * ( $can_tell ? 1 : 2 );
}

# The graded backend waits when all its threads sleep for most of its time, and nobody but itself can make them.
my $MOST_IDLE = 0.5;

sub waits ( $comparison, $series ) {
    my $graded = $comparison->{job}->settings->{graded};
    my $share  = grader::speed::Run::idle_share( @{ $series->{results}{$graded} // [] } ) // 0;
    return $share > $MOST_IDLE ? $share : undef;
}

# Whether there is a threshold about which nothing is decided yet.
sub _is_open ( $comparison, $series ) {
    my ( $plan, $rounds ) = @{$series}{qw(plan rounds)};
    return 1 if !grader::speed::Sequential::is_look( $plan, scalar @{$rounds} );
    for my $threshold ( @{ $comparison->{thresholds} } ) {
        return 1 if grader::speed::Sequential::decide( $plan, $threshold, $rounds )->{answer} eq 'go on';
    }
    return 0;
}

1;

package grader::speed::Patience;

# How long a run is waited for whose answer is asked, and when it was late. Slow is not wrong: a right answer that came late is
# told as slow, and the rubric says what that costs. Time in which others had the CPUs is nobody's fault.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(min);
use grader::speed::Run;

# Who sleeps longer than this part of its time does not wait for a CPU.
my $MOST_IDLE = 0.5;

# A program of four threads uses so many CPUs at a time. Where others take them away it is waited for so many times longer.
my ( $CPUS, $MOST_STRETCH ) = ( 2, 5 );

sub _most_s ($settings) { return $settings->{slow_factor} * $settings->{run_timeout_s} }

# The limits of a run, as measure::Launch::run takes them.
sub limits ($settings) {
    my $most_s = _most_s($settings);
    return ( cpu_s => $CPUS * $most_s, wall_s => $MOST_STRETCH * $most_s );
}

# By how much a right answer was late, in words; undef when it was not.
sub late ( $settings, $result ) {
    my $took_s = _took_s($result);
    return if $took_s <= $settings->{run_timeout_s};
    return sprintf 'is right, but took %.1f s where %g are allowed', $took_s, $settings->{run_timeout_s};
}

# How long it took for all that it is to blame for, in seconds: not the time in which others had the CPUs.
sub _took_s ($result) {
    return $result->{wall_s} if ( grader::speed::Run::idle_share($result) // 0 ) > $MOST_IDLE;
    return min( $result->{wall_s}, $result->{user_s} + $result->{sys_s} );
}

# Why a run tells nothing, in words: the machine is to blame for how it ended (untold), or it was stopped while it waited for a CPU
# most of its time, and had less CPU time than a slow one may take; undef for all others.
sub starved ( $settings, $result ) {
    return $result->{untold} if defined $result->{untold};
    return                   if ( $result->{stopped} // q{} ) ne 'wall';
    return                   if $result->{user_s} + $result->{sys_s} > _most_s($settings);
    return                   if ( grader::speed::Run::idle_share($result) // 1 ) > $MOST_IDLE;
    return
      sprintf
'had %.0f s of CPU time in %.0f s, because others had the CPUs, and was stopped: grade again on a quieter machine',
      $result->{user_s} + $result->{sys_s}, $result->{wall_s};
}

1;

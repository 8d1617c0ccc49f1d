package grader::speed::Top;

# Finds the TOP for the comparison of two backends, by trials on this machine.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(max min);
use POSIX      qw(floor);
use grader::speed::Run;

# More tries than this do not bring TOP closer.
my $MOST_TRIALS = 8;

# A trial is near enough to the time that is aimed for when it took from this to that part of it.
my ( $SHORTEST, $LONGEST ) = ( 0.6, 3 );

# Whoever takes so many times longer than its CPU time says, does not do so because of others.
my $MOST_STRETCH = 4;

# The TOP that is timed differs from the one found by up to so many thousandths, so that nobody knows it before.
my $TOP_SPREAD = 100;

# A TOP at which the slower of the two takes about as long as is aimed for: then a backend that is slow beyond measure is
# told as quickly as any other. It goes by CPU time, which others hardly change: the ratio of two backends may depend on TOP,
# so TOP must not depend on what else the machine does. Result: a TOP drawn from around the one found, and the largest
# resident memory to be expected there.
sub choose ($comparison) {
    my ( $job, $program, $aim_s, @backends ) = @{$comparison}{qw(job program aim_s over under)};
    my $settings = $job->settings;
    my ( $shortest_s, $longest_s ) = ( $SHORTEST * $aim_s, $LONGEST * $aim_s );
    my ( $least, $most, $memory_kib ) = @{$settings}{qw(speed_top_least speed_top_most speed_memory_kib)};

    my $top     = $settings->{speed_top_first};
    my $trial   = _trial( $job, $program, $top, undef, @backends );
    my $growth  = 2;            # time grows with TOP to the power of this, as far as we know
    my $ceiling = $most + 1;    # the lowest TOP known to take too long
    for ( 2 .. $MOST_TRIALS ) {
        my $seconds = $trial->{size_s};
        last if $seconds >= $shortest_s && $seconds <= $longest_s;
        my $factor = max( 0.1,    min( 10, ( $aim_s / $seconds )**( 1 / $growth ) ) );
        my $next   = max( $least, min( $most, floor( $top * $factor ) ) );
        $next = floor( sqrt( $top * $ceiling ) ) if $next >= $ceiling;
        last if $next == $top || $trial->{peak_kib} * $next / $top > $memory_kib;
        my $tried = _trial( $job, $program, $next, $next > $top ? $MOST_STRETCH * $longest_s : undef, @backends );
        if ( !$tried ) {
            $ceiling = $next;
            next;
        }
        $growth = max( 1, min( 3, log( $tried->{size_s} / $seconds ) / log( $next / $top ) ) );
        ( $top, $trial ) = ( $next, $tried );
    }
    my $purpose = "TOP at which $program is timed with @backends";
    my $drawn   = floor( $top * $job->drawn( $purpose, 1000 - $TOP_SPREAD, 1000 + $TOP_SPREAD ) / 1000 );
    $drawn = max( $least, min( $most, $drawn ) );
    return ( $drawn, $trial->{peak_kib} * max( 1, $drawn / $top ) );
}

# Result: the most time and memory that one of the backends took; nothing when one was stopped because it took longer than
# $cap_s, when that is defined.
sub _trial ( $job, $program, $top, $cap_s, @backends ) {
    my %most = ( size_s => 0, peak_kib => 0 );
    for my $backend (@backends) {
        my $result =
          grader::speed::Run::run( $job, $program, $backend, $top, defined $cap_s ? ( wall_s => $cap_s ) : () );
        return if defined $cap_s && ( $result->{stopped} // q{} ) eq 'wall';
        $most{size_s}   = max( $most{size_s},   grader::speed::Run::cpu_s($result), $result->{wall_s} / $MOST_STRETCH );
        $most{peak_kib} = max( $most{peak_kib}, $result->{peak_kib} );
    }
    return \%most;
}

1;

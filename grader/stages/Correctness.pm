package grader::stages::Correctness;

# Every program with every backend gives the right answers, at fixed TOPs and at some drawn at random. Slow is not wrong: a
# right answer that came late is told as slow, and the rubric says what that costs.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(min);
use grader::Settings;
use grader::speed::Run;

my $MOST_COMPLAINTS = 3;

# Who sleeps longer than this part of its time does not wait for a CPU.
my $MOST_IDLE = 0.5;

# A program of four threads uses so many CPUs at a time. Where others take them away it is waited for so many times longer.
my ( $CPUS, $MOST_STRETCH ) = ( 2, 5 );

# The stubs of the student kit end a program so (handout/par_alloc.c).
my $NOT_WRITTEN = 77;

# Result: the tests, each { name => sentence, run => sub () { outcome as grader::results::Tap::result takes it } }.
sub tests ($job) {
    my @tests;
    for my $backend ( $job->backends ) {
        for my $program ( $job->programs ) {
            my @tops = _tops( $job, $program, $backend );
            push @tests,
              {
                id   => "$backend.answers.$program",
                name => "$program-$backend gives the right answers (TOP " . join( ', ', @tops ) . ')',
                run  => sub { _check( $job, $program, $backend, @tops ) },
              };
        }
    }
    return @tests;
}

sub _tops ( $job, $program, $backend ) {
    my $settings = $job->settings;
    my @fixed    = @{ grader::Settings::for_backend( $settings, 'tops', $backend ) };
    my @drawn    = map { $job->drawn( "$program-$backend", @{$_} ) }
      @{ grader::Settings::for_backend( $settings, 'drawn_tops', $backend ) };
    my %seen;
    return grep { !$seen{$_}++ } sort { $a <=> $b } @fixed, @drawn;
}

sub _check ( $job, $program, $backend, @tops ) {
    my @broken = $job->failed( $program, $backend );
    return { verdict => 'fail', diag => \@broken } if @broken;

    my ( @complaints, @slow );
    my $allowed_s = $job->settings->{run_timeout_s};
    my $most_s    = $job->settings->{slow_factor} * $allowed_s;
    while ( defined( my $top = shift @tops ) ) {
        my $result = $job->run(
            $program, $backend, $top,
            cpu_s  => $CPUS * $most_s,
            wall_s => $MOST_STRETCH * $most_s
        );
        my $complaint = $job->complaint( $program, $backend, $top, $result );
        if ( !defined $complaint ) {
            my $took_s = _slow_s($result);
            next if $took_s <= $allowed_s;
            push @slow, sprintf 'bin/%s-%s %d is right, but took %.1f s where %g are allowed', $program, $backend, $top,
              $took_s, $allowed_s;
            push @slow, 'larger TOPs were not tried after that' if @tops;
            last;
        }
        push @complaints, $complaint;
        push @complaints, 'does a call take a lock that it already holds, or leave without giving it back?'
          if ( $result->{stopped} // q{} ) eq 'asleep';
        my $is_enough =
             @complaints == $MOST_COMPLAINTS
          || ( $result->{stopped} // q{} ) =~ /\A(?:wall|cpu|asleep)\z/
          || ( $result->{exit}    // 0 ) == $NOT_WRITTEN;
        if ( $is_enough && @tops ) {
            push @complaints, 'larger TOPs were not tried after that';
            last;
        }

    }
    return { verdict => 'pass', notes => \@slow, is_slow => scalar @slow } if !@complaints;
    $job->set_failed( $program, $backend, "bin/$program-$backend did not give every right answer, see above" );
    return { verdict => 'fail', diag => \@complaints };
}

# How long it took for all that it is to blame for, in seconds: not the time in which others had the CPUs.
sub _slow_s ($result) {
    my $idle = grader::speed::Run::idle_share($result) // 0;
    return $result->{wall_s} if $idle > $MOST_IDLE;
    return min( $result->{wall_s}, $result->{user_s} + $result->{sys_s} );
}

1;

#!/usr/bin/env perl

# What chance can turn is not a verdict: runs near a limit are repeated, and most of them decide; a right answer that came late
# is slow, and not wrong; much memory is told apart from lost work.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::Settings;
use grader::contract::Chance;
use grader::stages::Correctness;
use grader::stages::Work;

# Result: the verdict, how many runs it took, and the notes.
sub decide (@verdicts) {
    my $runs    = 0;
    my $outcome = grader::contract::Chance::decide(
        sub () {
            my $verdict = $verdicts[ $runs++ ] // die 'more runs than there should be';
            return { near => $verdict =~ s/~//, verdict => $verdict };
        }
    );
    return join q{ }, $outcome->{verdict}, $runs, @{ $outcome->{notes} // [] };
}

my $note = 'it is near what is accepted, so it was run';
is( decide('pass'),                      'pass 1', 'a pass far from its limit is one' );
is( decide('fail'),                      'fail 1', '... and so is a failure' );
is( decide( '~pass', '~pass', '~pass' ), 'pass 3', 'one near it is repeated until most agree' );
is(
    decide( '~fail', '~fail', '~fail' ),
    "fail 3 $note 3 times: 3 failed, and the majority decides",
    '... on either side'
);
is(
    decide(qw(~fail pass ~fail pass pass)),
    "pass 5 $note 5 times: 2 failed, and the majority decides",
    'most of the runs decide'
);
is(
    decide(qw(~pass fail ~fail pass fail)),
    "fail 5 $note 5 times: 3 failed, and the majority decides",
    '... whichever came first'
);
is( decide( '~pass', 'skip' ), 'skip 2', 'a run that tells nothing ends it' );
ok( grader::contract::Chance::is_near( 8204,   8192 ), '12 KiB more than 8,192 is near' );
ok( !grader::contract::Chance::is_near( 16384, 8192 ), 'twice the limit is not' );
ok( !grader::contract::Chance::is_near( 4096,  8192 ), '... nor is half of it' );

# A chance of one in two to fail: one run would turn between two grades in half of all cases.
srand 7;
my %told = ( pass => 0, fail => 0 );
$told{ grader::contract::Chance::decide( sub () { return { near => 1, verdict => rand() < 0.17 ? 'fail' : 'pass' } } )
      ->{verdict} }++
  for 1 .. 2000;
cmp_ok( $told{fail} / 2000, '<', 0.06, "what fails in 17 of 100 runs, fails in $told{fail} of 2000 grades" );

# ---- Stages, with a job whose runs are made up ------------------------------------------------------------------------------

package FakeJob {

    sub new ( $class, %parts ) {
        return bless { failed => [], runs => [], settings => grader::Settings::defaults(), %parts }, $class;
    }
    sub settings     ($self)                   { return $self->{settings} }
    sub backends     ($self)                   { return 'par' }
    sub programs     ($self)                   { return 'list' }
    sub is_handed_in ( $self, $ )              { return 1 }
    sub failed       ( $self, $, $ )           { return }
    sub drawn        ( $self, $, $low, $high ) { return $low }
    sub nonce        ($self)                   { return 'f00' }
    sub binary       ( $self, @ )              { return 'bin' }
    sub set_failed   ( $self, @why )           { push @{ $self->{failed} }, $why[2]; return }

    sub run ( $self, $program, $backend, $top, %options ) {
        push @{ $self->{runs} }, { backend => $backend, top => $top, %options };
        return {
            exit     => 0,
            strays   => 0,
            wall_s   => 1,
            user_s   => 1,
            sys_s    => 0,
            digest   => 'Digest is 1 over 1 sequences of 1 elements',
            peak_kib => 5000,
            stdout   => q{},
            stderr   => q{},
            $self->{run}->( $backend, $top, %options )
        };
    }
    sub complaint ( $self, $, $, $, $result ) { return $result->{complaint} }
}

package main;

sub outcome_of ( $stage, $job ) {
    my ($test) = $stage->($job);
    return $test->{run}->();
}

subtest 'Slow is not wrong' => sub {
    my $job =
      FakeJob->new( run => sub ( $backend, $top, %options ) { return wall_s => 30, user_s => $top >= 10_000 ? 22.5 : 1 }
      );
    my $outcome = outcome_of( \&grader::stages::Correctness::tests, $job );
    is( $outcome->{verdict}, 'pass', 'an answer that took 22.5 s where 20 are allowed is right' );
    ok( $outcome->{is_slow}, '... and slow' );
    like(
        $outcome->{notes}[0],
        qr/bin\/list-par 10\d+ is right, but took 22[.]5 s where 20 are allowed/,
        '... which is said'
    );
    is( $outcome->{notes}[1],   'larger TOPs were not tried after that', '... and nothing larger is tried' );
    is( $job->{runs}[0]{cpu_s}, 120,                                     'it is waited for three times as long' );
    is( "@{ $job->{failed} }",  q{},                                     'it is timed all the same' );

    $job     = FakeJob->new( run => sub (@) { return wall_s => 1 } );
    $outcome = outcome_of( \&grader::stages::Correctness::tests, $job );
    ok( !$outcome->{is_slow}, 'a quick one is not slow' );
    $job     = FakeJob->new( run => sub (@) { return wall_s => 30, user_s => 7 } );
    $outcome = outcome_of( \&grader::stages::Correctness::tests, $job );
    ok( !$outcome->{is_slow}, '... nor one that waited until others had finished' );
    $job     = FakeJob->new( run => sub (@) { return wall_s => 15, user_s => 30 } );
    $outcome = outcome_of( \&grader::stages::Correctness::tests, $job );
    ok( !$outcome->{is_slow}, '... nor one whose threads worked at the same time' );
    $job     = FakeJob->new( run => sub (@) { return wall_s => 30, user_s => 7, looks => 600, idle_looks => 500 } );
    $outcome = outcome_of( \&grader::stages::Correctness::tests, $job );
    ok( $outcome->{is_slow}, '... but one that slept is' );
};

subtest '... where work is asked for, too' => sub {
    my $run_as = sub (%given) {
        my $job =
          FakeJob->new( run => sub ( $backend, $top, %options ) { return $backend eq 'sys' ? () : %given } );
        return ( outcome_of( \&grader::stages::Work::tests, $job ), $job );
    };
    my ( $outcome, $job ) = $run_as->( wall_s => 30, user_s => 22.5 );
    is( $outcome->{verdict}, 'pass', 'work that took 22.5 s where 20 are allowed is done' );
    ok( $outcome->{is_slow}, '... and slow' );
    like( "@{ $outcome->{notes} }", qr/is right, but took 22[.]5 s where 20 are allowed/, '... which is said' );
    is( "$job->{runs}[1]{cpu_s} $job->{runs}[1]{wall_s}", '120 300', '... and it is waited for as an answer is' );
    ok( !( $run_as->( wall_s => 30, user_s => 7 ) )[0]{is_slow}, '... but not slow when others had the CPUs' );
};

subtest 'Who has no CPU is not judged' => sub {
    my %starved = ( stopped => 'wall', exit => undef, wall_s => 300, user_s => 15, looks => 600, idle_looks => 3 );
    for my $stage ( \&grader::stages::Correctness::tests, \&grader::stages::Work::tests ) {
        my $run_as = sub (%given) {
            my $job = FakeJob->new(
                run => sub ( $backend, $top, %options ) {
                    return $backend eq 'sys' ? () : ( complaint => 'did not finish', limits => \%options, %given );
                }
            );
            return ( outcome_of( $stage, $job ), $job );
        };
        my ( $outcome, $job ) = $run_as->(%starved);
        is( $outcome->{verdict}, 'skip', 'a run that others kept from the CPUs tells nothing' );
        like( $outcome->{reason}, qr/had 15 s of CPU time in 300 s, because others had the CPUs/, '... which is said' );
        is( "@{ $job->{failed} }", q{}, '... and is held against nobody' );
        is( ( $run_as->( %starved, idle_looks => 500 ) )[0]{verdict}, 'fail', '... but one that slept has failed' );
        is( ( $run_as->( %starved, stopped => 'cpu' ) )[0]{verdict},  'fail', '... and one that used its CPU time up' );
        is( ( $run_as->( %starved, user_s  => 65 ) )[0]{verdict},     'fail', '... or had more than a slow one may' );
    }
};

subtest 'Much memory is no lost work' => sub {
    my $said  = 'Digest is 1 over 1000 sequences of 100000 elements';
    my $sized = sub (@peaks_kib) {
        my $next = 0;
        return FakeJob->new(
            run => sub ( $backend, $top, %options ) {
                return digest => $said,
                  peak_kib    => $backend eq 'sys' ? 4000 : $peaks_kib[ $next++ ] // die 'too many runs';
            }
        );
    };

    # list keeps 16 bytes an element and 32 a sequence at most: 1593 KiB, of which three times and 16 MiB are accepted.
    my $limit_kib = 3 * 1593 + 16 * 1024;
    my $job       = $sized->( 3 * $limit_kib );
    my $outcome   = outcome_of( \&grader::stages::Work::tests, $job );
    is( $outcome->{verdict}, 'fail', 'three times the memory fails at once' );
    like( $outcome->{diag}[0], qr/KiB of memory where $limit_kib are accepted/, '... with figures' );
    is( "@{ $job->{failed} }", q{}, '... and the program is timed' );

    $outcome = outcome_of( \&grader::stages::Work::tests, $sized->( map { $_ * $limit_kib } 1.1, 0.6, 0.6, 0.6 ) );
    is( $outcome->{verdict}, 'pass', 'near the limit most of the runs decide' );
    like( "@{ $outcome->{notes} }", qr/run 4 times: 1 failed/, '... and how often it failed is said' );

    $job     = $sized->(100);
    $outcome = outcome_of( \&grader::stages::Work::tests, $job );
    is( $outcome->{verdict},        'fail', 'less memory than the sequences take is no work' );
    is( scalar @{ $job->{failed} }, 1,      '... and is not timed' );
};

done_testing;

#!/usr/bin/env perl

# A class graded by Slurm, on a cluster of one node that is started here and ended again: in arrays that are not longer than
# the cluster allows, with the node for itself for what is timed; and a run that is stopped leaves nothing in the queue.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd        qw(abs_path);
use FindBin    qw($Bin);
use List::Util qw(uniq);
use Test::More;
use Time::HiRes qw(sleep time);

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;
use tests::lib::ClassStandIn;
use tests::lib::OneNodeSlurm;

my $real     = abs_path("$Bin/../..");
my $launcher = tests::lib::Built::launcher();

my $GENEROUS_S = 900;
my $PROGRAM    = "$real/grader/grade-class";

sub skip_all ($why) {
    diag("slurm.t: grading a class with Slurm is not tested: $why");
    return plan( skip_all => $why );
}

my $why_not = tests::lib::OneNodeSlurm::why_not();
skip_all($why_not) if defined $why_not;
my $slurm = eval { tests::lib::OneNodeSlurm->start( array => 3 ) } // skip_all( $@ =~ s/\n\z//r );
my $class = tests::lib::ClassStandIn->new;

sub grade (@options) {
    return measure::Launch::run(
        command  => [ $class->command( $PROGRAM, '--slurm', @options ) ],
        launcher => $launcher,
        wall_s   => $GENEROUS_S,
        env      => { $class->env, %{ $slurm->env } },
    );
}

sub arrays_of ($pass) {
    return uniq map { $_->{array} } grep { $_->{pass} eq $pass } $class->begun;
}

subtest 'A class' => sub {
    $class->submission( q{one's "own" $(name)}, 'points 10' );
    $class->submission( "two\n--wrap=x",        'points 4' );
    $class->submission( 'three',                'points 5' );
    my $result = grade();
    is( $result->{exit}, 0, 'is graded' )
      or diag $result->{stdout} . $result->{stderr} . ( $class->read('grades/state/slurm.log') // q{} );
    is( join( q{ }, map { $_->{score} } @{ $class->json('grades/gradebook.json')->{submissions} } ),
        '20 15 14', 'with the points of both passes' );
    is( scalar arrays_of($_), 2, "$_: three jobs are two arrays, where an array has at most two" )
      for qw(correctness timing);
    my ($cpus) = $slurm->ask('sinfo --noheader --format=%c') =~ /(\d+)/;
    is( join( q{ }, uniq map { $_->{cpus} } grep { $_->{pass} eq 'timing' } $class->begun ),
        $cpus, 'what is timed has the node for itself' );
    is( join( '; ', $class->disturbed ), q{}, '... really' );

    $class->forget_events;
    is( grade()->{exit},         0, 'a class that is graded' );
    is( scalar( $class->begun ), 0, '... is left alone' );
};

subtest 'Ctrl-C' => sub {
    $class = tests::lib::ClassStandIn->new;
    $class->write( 'hold', q{} );
    $class->submission( "slow$_", "holds points $_" ) for 1 .. 3;
    local @ENV{ keys %{ $slurm->env } } = values %{ $slurm->env };
    my $pid   = $class->start( $class->command( $PROGRAM, '--slurm' ) );
    my $until = time + $GENEROUS_S;
    sleep 0.1 while !$class->begun && time < $until;
    ok( scalar( $class->begun ), 'a run is at work' ) or diag $class->read('said');
    kill 'INT', $pid;
    waitpid $pid, 0;
    is( $? >> 8,                          130, 'exit status 130' ) or diag $class->read('said');
    is( join( q{ }, $class->alive ),      q{}, 'no grader is at work' );
    is( $slurm->ask('squeue --noheader'), q{}, 'nothing is in the queue' );
};

subtest 'What cannot be done' => sub {
    my $result = grade('--slurm-option=--partition=nowhere');
    is( $result->{exit}, 2, 'a partition that is not there' );
    like(
        $result->{stderr},
        qr/\Agrade-class: Slurm takes no jobs: [^\n]*partition[^\n]*\n\z/,
        '... is said in a line'
    );

    # A controller that is away; asking a real one for it takes its time.
    mkdir $class->path('away') or die $!;
    $class->write( 'away/scontrol', "#!/bin/sh\necho 'error: Unable to contact the controller' >&2\nexit 1\n" );
    chmod oct 755, $class->path('away/scontrol');
    $slurm->env->{PATH} = $class->path('away') . ":$ENV{PATH}";
    $result = grade();
    is( $result->{exit}, 2, 'without a cluster nothing is graded' );
    like(
        $result->{stderr},
        qr/\Agrade-class: Slurm does not answer: error: Unable[^\n]+\n\z/,
        '... which is said in a line'
    );
};

$slurm->stop;
is( join( q{ }, $slurm->alive ), q{}, 'all daemons have ended' );
done_testing;

#!/usr/bin/env perl

# The grader's verdicts on speed, with made-up times: no program is run, so every case is the same on any machine.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(basename);
use FindBin        qw($Bin);
use Test::More;

use lib "$Bin/..";
use grader::Job;
use grader::Oracle;
use grader::Progress;
use grader::Settings;
use grader::Speed;
use grader::Workspace;

# How long a binary takes: "program-backend" => sub ($top, $run) { seconds }, $run counting the runs of that binary. Set
# by each case, as are the runs that go wrong.
my ( %takes_s, %goes_wrong, %runs, %limits );

no warnings 'redefine';
local *measure::Launch::run = sub (%options) {
    my ( $binary, $top ) = ( basename( $options{command}[0] ), $options{command}[1] );
    my $run    = $runs{$binary}++;
    my $wall_s = $takes_s{$binary}->( $top, $run );
    my %result = (
        command   => $options{command},
        limits    => \%options,
        stdout    => grader::Oracle::line($top) . "\n",
        stderr    => q{},
        exit      => 0,
        strays    => 0,
        survivors => 0,
        peak_kib  => $top,
        wall_s    => $wall_s,
        signal    => undef,
        stopped   => undef,
        error     => undef,
    );
    $limits{$binary} = \%options;
    %result = ( %result, exit => undef, signal => 9, stopped => 'wall', wall_s => $options{wall_s} )
      if $wall_s > $options{wall_s};
    %result = ( %result, $goes_wrong{$binary}->( $top, $run ) ) if $goes_wrong{$binary};
    return \%result;
};

# Result: the outcomes of the two tests of a program named list: base and challenge.
sub judge (%case) {
    %takes_s =
      ( 'list-sys' => sub { 0.6 }, 'list-hw08' => sub { 1 }, 'list-par' => sub { 0.1 }, %{ $case{takes} // {} } );
    %goes_wrong = %{ $case{wrong} // {} };
    %runs       = ();
    my $job = grader::Job->new(
        tree      => '/none',
        settings  => { %{ grader::Settings::defaults() }, %{ $case{settings} // {} } },
        workspace => grader::Workspace->new,
        launcher  => '/none',
        progress  => grader::Progress->new,
        seed      => 1,
        backends  => $case{backends} // [qw(sys hw08 par)],
        programs  => ['list'],
    );
    $job->set_failed( @{ $case{failed} } ) if $case{failed};
    return map { { name => $_->{name}, %{ $_->{run}->() } } } grader::Speed::tests($job);
}

sub text ($outcome) {
    return join "\n", map { @{ $outcome->{$_} // [] } } qw(notes diag);
}

subtest 'Clear cases' => sub {
    my ( $base, $challenge ) = judge();
    is( $base->{name},         'list: par is at least 4 times faster than hw08 (base)', 'the base' );
    is( $base->{verdict},      'pass',                                     '... is reached when par takes a tenth' );
    is( $challenge->{name},    'list: par is faster than sys (challenge)', 'the challenge' );
    is( $challenge->{verdict}, 'pass',                                     '... is met when par takes a sixth' );
    is(
        text($challenge),
        'list 10000, 9 rounds, medians of elapsed time: par 0.100 s +- 0.000, sys 0.600 s +- 0.000; '
          . 'par/sys 0.167 (0.167 to 0.167), wanted below 1',
        '... and what was measured is told'
    );

    ( $base, $challenge ) = judge( takes => { 'list-par' => sub { 0.7 } } );
    is( $base->{verdict},      'fail', 'par that is hardly faster than hw08 fails the base' );
    is( $challenge->{verdict}, 'fail', 'par that is slower than sys fails the challenge' );
    like(
        $base->{diag}[0],
        qr{hw08/par 1\.43 \(1\.43 to 1\.43\), wanted at least 4\z},
        '... with the ratio as the reason'
    );
};

subtest 'At the threshold' => sub {
    my ($base) = judge( takes => { 'list-par' => sub { 0.25 } } );
    is( $base->{verdict}, 'pass', 'exactly 4 times faster is enough' );
    ($base) = judge( takes => { 'list-par' => sub { 0.251 } } );
    is( $base->{verdict}, 'fail', 'a little less is not' );
    my ( undef, $challenge ) = judge( takes => { 'list-par' => sub { 0.6 } } );
    is( $challenge->{verdict}, 'fail', 'as fast as sys is not faster' );
    ( undef, $challenge ) = judge( takes => { 'list-par' => sub { 0.59 } } );
    is( $challenge->{verdict}, 'pass', 'two percent faster is, when the runs do not scatter' );
};

subtest 'Runs that scatter' => sub {
    my $wavering = sub ( $top, $run ) { $run % 2 ? 0.5 : 0.7 };
    my ( undef, $challenge ) = judge( takes => { 'list-par' => $wavering } );
    is( $challenge->{verdict}, 'skip', 'it cannot be told who is faster' );
    like(
        $challenge->{reason},
        qr{\Acannot tell: the runs scatter too much, par/sys \S+ \(0\.833 to 1\.17\), wanted below 1; grade again},
        '... and the reason is given'
    );

    my $one_outlier = sub ( $top, $run ) { $run == 8 ? 10 : 0.5 };    # the base takes the first six
    ( undef, $challenge ) = judge( takes => { 'list-par' => $one_outlier }, backends => [qw(sys hw08 par)] );
    is( $challenge->{verdict}, 'pass', 'one slow run among nine does not hide who is faster' );

    my $noisy_base = sub ( $top, $run ) { $run % 2 ? 0.2 : 0.3 };
    my ($base) = judge( takes => { 'list-par' => $noisy_base } );
    is( $base->{verdict}, 'skip', 'the base, likewise' );
};

subtest 'The choice of TOP' => sub {
    my ($base) = judge( takes => { 'list-hw08' => sub ( $top, $run ) { ( $top / 10_000 )**2 } } );
    like( text($base), qr/\Alist 10000, 5 rounds/, 'hw08: the largest listed TOP that takes at most 2 s' );
    ($base) = judge( takes => { 'list-hw08' => sub { 5 } } );
    like( text($base), qr/\Alist 1000, 5 rounds/, '... at least 1000, when that takes longer' );
    ($base) = judge( takes => { 'list-hw08' => sub { 0.001 }, 'list-par' => sub { 0.0001 } } );
    like( text($base), qr/\Alist 1000000, 5 rounds/, '... at most the last of the list' );

    my %linear =
      ( 'list-sys' => sub ( $top, $run ) { $top / 220_000 }, 'list-par' => sub ( $top, $run ) { $top / 400_000 } );
    my ( undef, $challenge ) = judge( takes => \%linear );
    like( text($challenge), qr/\Alist 150000, 9 rounds.* sys 0\.682 s/, 'sys: from half a second to one' );
    ( undef, $challenge ) = judge(
        takes    => { 'list-sys'    => sub { 0.001 }, 'list-par' => sub { 0.0005 } },
        settings => { challenge_top => { first => 1000, most => 30_000 } }
    );
    like( text($challenge), qr/\Alist 30000, 9 rounds/, '... at most the largest allowed' );
    ( undef, $challenge ) = judge( takes => \%linear, settings => { challenge_memory_kib => 50_000 } );
    like( text($challenge), qr/\Alist 10000, 9 rounds/, '... and within the memory allowed' );
};

subtest 'Wrong runs are not timed' => sub {
    my ( $base, $challenge ) =
      judge( wrong => { 'list-par' => sub { return stdout => "Max steps is at 1: 1 steps\n" } } );
    is( $_->{verdict}, 'fail', "$_->{name}: a wrong answer fails" ) for $base, $challenge;
    like(
        $challenge->{diag}[0],
        qr{\Anot timed: bin/list-par 10000 printed 'Max steps is at 1: 1 steps' instead of},
        '... and is worded'
    );

    ( $base, $challenge ) = judge( wrong => { 'list-sys' => sub { return ( exit => undef, signal => 11 ) } } );
    is( "$base->{verdict} $challenge->{verdict}", 'pass fail', 'sys that crashes fails the comparison with sys only' );
    like( $challenge->{diag}[0], qr{\Anot timed: bin/list-sys 10000 crashed with signal 11}, '... and is worded' );

    ($base) = judge( takes => { 'list-par' => sub ( $top, $run ) { $run == 3 ? 1000 : 0.1 } } );
    like(
        $base->{diag}[0],
        qr{\Anot timed: bin/list-par \d+ was stopped after 20 s: it did not finish},
        'one run that hangs fails'
    );

    ( $base, $challenge ) = judge( failed => [ 'list', 'hw08', 'bin/list-hw08 was not built' ] );
    is( "$base->{verdict} $challenge->{verdict}", 'fail pass', 'what was not built fails its own comparison only' );
    is( $base->{diag}[0],                         'not timed: bin/list-hw08 was not built', '... and is worded' );
    ok( !$runs{'list-hw08'}, '... and is not run' );
};

subtest 'Which comparisons take place' => sub {
    is(
        join( q{, }, map { $_->{name} } judge( backends => [qw(sys par)] ) ),
        'list: par is faster than sys (challenge)',
        'sys and par'
    );
    is(
        join( q{, }, map { $_->{name} } judge( backends => [qw(hw08 par)] ) ),
        'list: par is at least 4 times faster than hw08 (base)',
        'hw08 and par'
    );
    is( scalar( judge( backends => [qw(sys hw08)] ) ), 0, 'none without par' );
};

done_testing;

#!/usr/bin/env perl

# The grader's verdicts on speed, with made-up times and a made-up clock: no program is run, so every case is the same on
# any machine.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::Settings;
use grader::stages::Speed;

# ---- A job that runs nothing -------------------------------------------------------------------------------------------

package FakeJob {
    use grader::kit::Answer;
    use grader::kit::Oracle;

    # Of the settings that may be tuned these cases are independent.
    my %BUDGET = ( speed_rounds_most => 80, speed_seconds_most => 30, base_aim_s => 0.4, challenge_aim_s => 0.35 );

    # How long a run takes: "program-backend" => sub ($top, $run) { seconds }, $run counting the runs of that binary;
    # what of its result is otherwise; and what has no binary.
    sub new ( $class, %case ) {
        return bless {
            settings => { %{ grader::Settings::defaults() }, %BUDGET, %{ $case{settings} // {} } },
            takes    => {
                'list-sys'  => sub { 0.35 },
                'list-hw08' => sub { 0.4 },
                'list-par'  => sub { 0.05 },
                %{ $case{takes} // {} }
            },
            wrong    => $case{wrong}    // {},
            failed   => $case{failed}   // {},
            cpu      => $case{cpu}      // {},
            walks    => $case{walks}    // {},
            backends => $case{backends} // [qw(hw08 par)],
            runs     => {},
            order    => [],
            clock_s  => 0,
            nonces   => 0,
        }, $class;
    }

    sub settings ($self)                              { return $self->{settings} }
    sub progress ($self)                              { return $self }
    sub programs ($self)                              { return 'list' }
    sub nonce    ($self)                              { return sprintf '%07x%025x', ++$self->{nonces}, 0 }
    sub failed   ( $self, $program, $backend )        { return $self->{failed}{"$program-$backend"} // () }
    sub binary   ( $self, $backend, $flavour, $name ) { return $name }

    sub drawn ( $self, $purpose, $low, $high ) {
        return $purpose =~ /TOP/ ? ( $low + $high ) / 2 : $purpose =~ /[13579]\z/;
    }

    sub is_handed_in  ( $self, $backend ) { return $backend !~ /\A(?:sys|reference)\z/ }
    sub has_reference ($self)             { return defined $self->{takes}{'list-reference'} }

    sub has_backends ( $self, @wanted ) {
        my %has = map { $_ => 1 } @{ $self->{backends} };
        return !grep { !$has{$_} } @wanted;
    }

    sub complaint ( $self, $program, $backend, $top, $result ) {
        my $complaint = grader::kit::Answer::complaint( $result, $top ) // return;
        return "bin/$program-$backend $top $complaint";
    }

    sub run ( $self, $program, $backend, $top, %options ) {
        my $name   = "$program-$backend";
        my $nonce  = $options{nonce} // $self->nonce;
        my $proves = $options{nonce} && !$self->{seen}{$nonce}++;       # the library comes first, to say what is right
        my $run    = $self->{ $proves ? 'proofs' : 'runs' }{$name}++;
        my $wall_s = $self->{takes}{$name}->( $top, $run );
        my $cpu_s  = $self->{cpu}{$name} ? $self->{cpu}{$name}->( $top, $run ) : $wall_s;
        my $walk_s = $self->{walks}{$name} // 0.01;
        my $most_s = $options{wall_s}      // $self->{settings}{run_timeout_s};
        my %result = (
            limits    => { %options, wall_s => $most_s },
            stdout    => grader::kit::Oracle::line($top) . "\n",
            digest    => "Digest is $nonce over 1 sequences of 1 elements",
            stderr    => q{},
            exit      => 0,
            strays    => 0,
            survivors => 0,
            peak_kib  => $top < 20_000 ? $top : 20_000,
            wall_s    => $wall_s + $walk_s,
            user_s    => $cpu_s + $walk_s,
            map( { ( "question_${_}_s" => $walk_s ) } qw(wall cpu) ),
            sys_s   => 0,
            signal  => undef,
            stopped => undef,
            error   => undef,
        );
        %result = ( %result, exit => undef, signal => 9, stopped => 'wall', wall_s => $most_s ) if $wall_s > $most_s;
        %result = ( %result, $self->{wrong}{$name}->( $top, $run, \%options ) ) if $self->{wrong}{$name};
        return \%result if $proves;
        $self->{clock_s} += $wall_s;
        push @{ $self->{order} }, $backend;
        return \%result;
    }
}

# A machine with so many CPUs, which says of each look that it was contended, for these reasons.
package FakeWatch {
    our ( $cpus, $missing, @reasons );
    sub missing     ($self)            { return $missing // 0 }
    sub usable_cpus ($self)            { return $cpus }
    sub start       ($self)            { return }
    sub ran         ( $self, $result ) { return }
    sub reasons     ($self)            { return @reasons }
}

package main;

my $job;

no warnings qw(redefine once);
local *measure::Contention::new     = sub ( $class, %options ) { return bless {}, 'FakeWatch' };
local $grader::speed::Series::NOW_S = sub () { return $job->{clock_s} };

# Result: the outcomes of the tests, in a hash by the kind: base, challenge, bonus.
sub judge (%case) {
    $job = FakeJob->new(%case);
    ( $FakeWatch::cpus, @FakeWatch::reasons ) = ( $case{cpus} // 2, @{ $case{contended} // [] } );
    return
      map { ( $_->{id} =~ /\Apar[.](\w+)[.]list\z/ )[0] => { name => $_->{name}, %{ $_->{run}->() } } }
      grader::stages::Speed::tests($job);
}

sub text ($outcome) {
    return join "\n", grep { defined } @{ $outcome->{notes} // [] }, @{ $outcome->{diag} // [] }, $outcome->{reason};
}

# Runs that scatter by up to so large a part, in a fixed irregular way.
sub scattered ( $seconds, $part ) {
    return sub ( $top, $run ) { return $seconds * ( 1 + $part * sin( 12.9898 * ( $run + 1 ) ) ) }
}

# ---- Cases -----------------------------------------------------------------------------------------------------------

subtest 'Clear cases' => sub {
    my %outcome = judge();
    is( $outcome{base}{name},         'list: par is at least 4 times faster than hw08 (base)', 'the base' );
    is( $outcome{base}{verdict},      'pass', '... is reached when par takes an eighth' );
    is( $outcome{challenge}{name},    'list: par is faster than sys (challenge)', 'the challenge' );
    is( $outcome{challenge}{verdict}, 'pass', '... is met when par takes a seventh' );
    is( $outcome{bonus}{name},        'list: par takes at least 10% less time than sys (bonus)', 'the bonus' );
    is( $outcome{bonus}{verdict},     'pass',                                                    '... likewise' );
    is(
        text( $outcome{challenge} ),
        'list 1000, 13 rounds, medians of elapsed time: par 0.050 s +- 0.000, sys 0.350 s +- 0.000; '
          . 'par/sys 0.143 (surely 0.143 to 0.143), wanted below 1',
        '... and what was measured is told'
    );
    is( sprintf( '%.3f',      $outcome{challenge}{value} ),         '0.143',       '... and given as a number' );
    is( sprintf( '%.3f %.3f', @{ $outcome{challenge}{interval} } ), '0.143 0.143', '... with its interval' );
    is( sprintf( '%.1f',      $outcome{base}{value} ), '8.0', 'the value of the base says how many times faster' );
    is( $job->{runs}{'list-sys'}, 1 + 1 + 13, 'a trial, a warm-up and the rounds serve the challenge and the bonus' );

    %outcome = judge( takes => { 'list-par' => sub { 0.5 } } );
    is(
        join( q{ }, map { $outcome{$_}{verdict} } qw(base challenge bonus) ),
        'fail fail fail',
        'par that is slow fails'
    );
    like(
        text( $outcome{base} ),
        qr{hw08/par 0\.8 \(surely 0\.8 to 0\.8\), wanted at least 4\z},
        '... with the ratio as the reason'
    );
    like(
        $outcome{base}{hint},
        qr{\Ato see it: .*bin/list-hw08 1000 && time bin/list-par 1000\z},
        '... and how to see it'
    );
    is( $outcome{base}{rounds}, 13, '... at the first look' );

    %outcome = judge( takes => { 'list-par' => sub { 0.33 } } );
    is( join( q{ }, map { $outcome{$_}{verdict} } qw(challenge bonus) ), 'pass fail', 'between challenge and bonus' );
};

subtest 'At the threshold' => sub {
    my %outcome = judge( takes => { 'list-par' => sub { 0.1 } } );
    is( $outcome{base}{verdict}, 'pass', 'exactly 4 times faster is enough' );
    %outcome = judge( takes => { 'list-par' => sub { 0.1001 } } );
    is( $outcome{base}{verdict}, 'fail', 'a little less is not' );
    %outcome = judge( takes => { 'list-par' => sub { 0.35 } } );
    is( $outcome{challenge}{verdict}, 'fail', 'as fast as sys is not faster' );
    %outcome = judge( takes => { 'list-par' => sub { 0.343 } } );
    is( $outcome{challenge}{verdict}, 'pass', 'two percent faster is, when the runs do not scatter' );
};

subtest 'Runs that scatter' => sub {
    my %outcome = judge( takes => { 'list-par' => scattered( 0.335, 0.2 ) }, settings => { speed_seconds_most => 60 } );
    my $challenge = $outcome{challenge};
    is( $challenge->{verdict}, 'skip', 'it cannot be told who is faster' );
    like(
        $challenge->{reason},
qr{\Acannot tell: par/sys \S+ \(surely 0\.\d+ to 1\.\d+\), wanted below 1 after 80 rounds; at this scatter about \d+0 might tell, on a quieter machine fewer\z},
        '... and what would settle it is said'
    );
    is( $challenge->{rounds},     80,     '... after all rounds' );
    is( $outcome{bonus}{verdict}, 'fail', '... but the bonus is decided' );

    my $outlier = sub ( $top, $run ) { $run == 6 ? 3 : 0.3 };
    %outcome = judge( takes => { 'list-par' => $outlier }, backends => ['par'] );
    is( $outcome{challenge}{verdict}, 'pass', 'one slow run does not hide who is faster' );
    cmp_ok( $outcome{challenge}{rounds}, '>', 13, '... but takes more rounds' );

    %outcome = judge( takes => { 'list-par' => scattered( 0.1, 0.3 ) } );
    is( $outcome{base}{verdict}, 'skip', 'the base, likewise' );
};

subtest 'The order of a round is that of a coin' => sub {
    judge( backends => [qw(par)] );
    my @rounds = @{ $job->{order} }[ 4 .. 9 ];
    is( "@rounds",                                'sys par par sys sys par', 'whoever the coin says comes first' );
    is( join( q{ }, @{ $job->{order} }[ 2, 3 ] ), 'par sys',                 '... in the warm-up too' );
};

subtest 'When time runs out' => sub {
    my %outcome = judge( takes => { 'list-sys' => sub { 4 }, 'list-par' => sub { 3.5 } } );
    is( $outcome{challenge}{verdict}, 'skip', 'too few rounds for any verdict' );
    is(
        $outcome{challenge}{reason},
        'cannot tell: 8 of the 13 rounds that are needed at least fitted into 60 s; allow more seconds',
        '... is said'
    );

    %outcome = judge( takes => { 'list-sys' => sub { 2 }, 'list-par' => sub { 1.5 } } );
    is(
        "$outcome{challenge}{verdict} $outcome{challenge}{rounds}",
        'pass 13',
        '... but there is twice the time for them'
    );

    %outcome = judge(
        takes    => { 'list-par' => sub ( $top, $run ) { $run < 6 ? 0.36 : 0.3 } },
        backends => ['par'],
        settings => { speed_seconds_most => 12.2 }
    );
    is( $outcome{challenge}{verdict}, 'pass', 'a last look' );
    is( $outcome{challenge}{rounds},  19,     '... when the time is up' );
};

subtest 'A contended machine' => sub {
    my %busy    = ( contended => ['other processes used 1.02 CPUs'] );
    my %outcome = judge( %busy, takes => { 'list-par' => sub { 0.3 } } );
    is( $outcome{challenge}{verdict}, 'pass', 'CPU time agrees' );
    is(
        $outcome{challenge}{notes}[1],
        'the machine was contended: other processes used 1.02 CPUs; the ratio of CPU times is 0.857',
        '... and that is told'
    );

    %busy    = ( %busy, cpu => { 'list-par' => sub { 0.8 } } );
    %outcome = judge( %busy, takes => { 'list-par' => sub { 0.3 } } );
    is( $outcome{challenge}{verdict}, 'skip', 'CPU time does not agree' );
    like(
        $outcome{challenge}{reason},
qr/wanted below 1, but the machine was contended and CPU time does not agree; grade again on a quieter machine\z/,
        '... is said'
    );

    %outcome = judge(
        contended => $busy{contended},
        cpu       => { 'list-hw08' => sub { 0.6 } },
        takes     => { 'list-hw08' => sub { 0.45 }, 'list-par' => sub { 0.1 } }
    );
    like(
        $outcome{base}{reason},
qr/wanted at least 4, but .*, and hw08, which uses more CPUs at a time than par, was held up more: .*quieter machine\z/,
        'it agrees, but one of the two was held up more: that is said'
    );

    %outcome = judge( cpu => { 'list-par' => sub { 0.8 } }, takes => { 'list-par' => sub { 0.3 } } );
    is( $outcome{challenge}{verdict}, 'pass', 'on a quiet machine elapsed time decides alone' );

    my $scarce = sub ($par_s) {
        local $FakeWatch::missing = 1;
        my %told = judge( contended => ['other processes used 1.02 CPUs'], takes => { 'list-par' => sub { $par_s } } );
        return "$told{base}{verdict} $told{challenge}{verdict} " . ( $told{challenge}{reason} // q{} );
    };
    is( $scarce->(0.02), 'pass pass ',
        'beside a process for each CPU but one, what is far from the threshold is told' );
    like( $scarce->(0.3), qr/\Askip skip .*others took CPUs away.*grade again/, '... the rest is not' );

    my %parallel = ( cpu => { 'list-par' => sub { 0.16 } }, takes => { 'list-par' => sub { 0.12 } } );
    %outcome = judge(%parallel);
    is( $outcome{base}{verdict}, 'fail', 'par on both CPUs, hw08 on one, 3.3 times faster' );
    %outcome = judge( %parallel, contended => ['other processes used 1.02 CPUs'] );
    is( $outcome{base}{verdict}, 'skip', '... which may be more, when others took a CPU from par' );

    %outcome = judge( walks => { 'list-par' => 0.2 } );
    is( $outcome{challenge}{verdict}, 'fail', 'who works when the clock stands still' );
    like(
        text( $outcome{challenge} ),
        qr/took 0[.]200 s of CPU after its answer, .* the library took 0[.]010 s: work was put off/,
        '... is found out'
    );
    %outcome = judge( walks => { map { ( "list-$_" => 0.2 ) } qw(sys hw08 par) } );
    is( $outcome{challenge}{verdict}, 'pass', '... but a walk may be long' );
    like( text( $outcome{challenge} ), qr/par 0[.]050 s/, '... and is off the clock' );

    my $wasteful = sub ( $top, @ ) { return peak_kib => 33_000 };
    %outcome = judge( wrong => { 'list-par' => $wasteful } );
    like(
        text( $outcome{challenge} ),
        qr/had 33000 KiB of memory in most of its timed runs, where 16384 KiB are accepted/,
        'who never frees when timed is found out'
    );

    my %sleepy = ( cpu => { 'list-hw08' => sub { 0.04 } } );
    %outcome = judge(%sleepy);
    is( $outcome{base}{verdict}, 'fail', 'a baseline that sleeps makes par look fast' );
    like(
        text( $outcome{base} ),
        qr/^hw08 worked in 10% of its time only, and waited for the rest/m,
        '... and is found out'
    );
    %outcome = judge( %sleepy, contended => ['other processes used 1.02 CPUs'] );
    isnt( $outcome{base}{verdict}, 'pass', '... also where others made it wait' );

    %outcome = judge( cpus => 1 );
    is(
        join( q{ }, map { $outcome{$_}{verdict} } qw(base challenge bonus) ),
        'skip skip skip',
        'one CPU tells nothing'
    );
    is(
        $outcome{base}{reason},
'cannot tell: there is only 1 CPU here, on which programs of 4 threads cannot be compared; grade on a machine with 2 or more',
        '... and that is said'
    );
    is( keys %{ $job->{runs} }, 0, '... without any run' );
    %outcome = judge( cpus => 1.5 );
    like(
        $outcome{base}{reason},
        qr/\Acannot tell: there is only 1\.5 CPUs here/,
        'nor does a quota of one and a half'
    );
};

subtest 'The choice of TOP' => sub {
    my %quadratic = ( 'list-hw08' => sub ( $top, $run ) { ( $top / 10_000 )**2 } );
    my %outcome   = judge( takes => \%quadratic );
    like(
        text( $outcome{base} ),
        qr/\Alist 63\d\d, 13 rounds.* hw08 0\.[34]\d\d s/,
        'hw08 takes about as long as is aimed for'
    );
    %outcome = judge( takes => { 'list-par' => sub ( $top, $run ) { $top / 2000 } } );
    like( text( $outcome{challenge} ), qr/\Alist 1000, .*par 0\.500 s/, 'what takes a little longer is taken' );
    %outcome = judge( takes => { 'list-par' => sub ( $top, $run ) { $top / 300 } } );
    like(
        text( $outcome{challenge} ),
        qr/\Alist \d\d\d, 13 rounds, medians of elapsed time: par (?:0\.[3-9]|1\.[0-5])/,
        '... when it takes longer TOP goes down'
    );

    my %linear =
      ( 'list-sys' => sub ( $top, $run ) { $top / 50_000 }, 'list-par' => sub ( $top, $run ) { $top / 90_000 } );
    %outcome = judge( takes => \%linear );
    like( text( $outcome{challenge} ), qr/\Alist 17\d\d\d, 13 rounds.* sys 0\.3[45]\d s/, 'sys, likewise' );
    %outcome = judge( takes => \%linear, settings => { speed_top_most => 9000 } );
    like( text( $outcome{challenge} ), qr/\Alist 9000, 13 rounds/, '... at most the largest allowed' );
    %outcome = judge( takes => \%linear, settings => { speed_memory_kib => 5000 } );
    like( text( $outcome{challenge} ), qr/\Alist \d{4}, 13 rounds/, '... and within the memory allowed' );
    %outcome = judge( takes => \%linear, cpu => { 'list-sys' => sub ( $top, $run ) { $top / 100_000 } } );
    like( text( $outcome{challenge} ), qr/\Alist 3\d\d\d\d, 13 rounds/, 'it is CPU time that counts' );
    my %sleeper = ( %linear, 'list-par' => sub ( $top, $run ) { $top / 1000 } );
    %outcome = judge( takes => \%sleeper, cpu => { 'list-par' => sub { 0.001 } } );
    like( text( $outcome{challenge} ), qr/\Alist 1\d\d\d, 3 rounds/, '... but not of who sleeps' );
    my %cliff = ( 'list-sys' => sub ( $top, $run ) { $top < 3000 ? $top / 50_000 : 60 } );
    %outcome = judge( takes => \%cliff );
    like( text( $outcome{challenge} ), qr/\Alist [12]\d\d\d, 13 rounds/, '... and below what takes too long' );
};

subtest 'Wrong runs are not timed' => sub {
    my %outcome = judge( wrong => { 'list-par' => sub { return stdout => "Max steps is at 1: 1 steps\n" } } );
    is( $outcome{$_}{verdict}, 'fail', "$_: a wrong answer fails" ) for qw(base challenge bonus);
    like(
        text( $outcome{challenge} ),
        qr{\Anot timed: bin/list-par 1000 printed 'Max steps is at 1: 1 steps' instead of},
        '... and is worded'
    );

    my $small = sub ( $top, $run, $options ) { return peak_kib => $run == 5 ? 1500 : 10_096 };
    %outcome = judge( wrong => { 'list-par' => $small, 'list-sys' => sub { return peak_kib => 10_096 } } );
    is(
        text( $outcome{challenge} ),
'not timed: bin/list-par --digest 1000 had at most 1500 KiB of memory, and its sequences alone take 1800 KiB or more',
        'one run with too little memory'
    );

    %outcome = judge( wrong => { 'list-sys' => sub { return ( exit => undef, signal => 11 ) } } );
    is( $outcome{challenge}{verdict}, 'skip', 'sys that crashes is not the fault of par' );
    like(
        $outcome{challenge}{reason},
        qr{\Acannot tell: not timed: bin/list-sys 1000 crashed with signal 11},
        '... and is worded'
    );

    %outcome = judge( takes => { 'list-par' => sub ( $top, $run ) { $run == 3 ? 1000 : 0.1 } } );
    like(
        text( $outcome{base} ),
        qr{\Anot timed: bin/list-par \d+ was stopped after 20 s: it did not finish},
        'one run that hangs fails'
    );

    %outcome = judge( failed => { 'list-hw08' => 'bin/list-hw08 was not built' } );
    is( join( q{ }, map { $outcome{$_}{verdict} } qw(base challenge) ),
        'fail pass', 'what was not built fails its own comparison only' );
    is( text( $outcome{base} ), 'not timed: bin/list-hw08 was not built', '... and is worded' );
    ok( !$job->{runs}{'list-hw08'}, '... and is not run' );
};

subtest 'Who is timed has to prove the work' => sub {
    my $digest = sub ($line) {
        sub { return digest => $line }
    };
    my %outcome = judge( wrong => { 'list-par' => $digest->(undef) } );
    like(
        text( $outcome{base} ),
        qr{\Anot timed: bin/list-par \d+ gave the right answer, and then no digest of what it has kept},
        'no digest'
    );
    my $wrong = $digest->('Digest is 1 over 1 sequences of 1 elements');
    %outcome = judge( wrong => { 'list-par' => $wrong } );
    like(
        text( $outcome{challenge} ),
        qr{\Anot timed: bin/list-par --digest 1000 printed a wrong digest },
        'a wrong one'
    );
    %outcome = judge( wrong => { 'list-par' => $wrong, 'list-hw08' => $wrong } );
    is( $outcome{base}{verdict}, 'fail', 'two backends that agree on a wrong one' );

    judge( backends => ['par'] );
    is( $job->{proofs}{'list-sys'}, 1, 'sys says once what is right' );
    my $late = sub ( $top, $run, @ ) { return $run == 6 ? $wrong->() : () };
    %outcome = judge( wrong => { 'list-par' => $late }, backends => ['par'] );
    is( $outcome{challenge}{verdict}, 'fail', 'a wrong one in the middle' );
};

subtest 'Who sleeps is not fast' => sub {
    my $asleep  = sub (@) { return looks => 10, idle_looks => 9 };
    my %sleepy  = ( takes     => { 'list-par' => sub { 1 } }, cpu => { 'list-par' => sub { 0.01 } } );
    my %busy    = ( contended => ['other processes used 1.02 CPUs'] );
    my %outcome = judge( %sleepy, %busy, wrong => { 'list-par' => $asleep } );
    is( $outcome{$_}{verdict}, 'fail', "the $_ is lost, also where others use the machine" )
      for qw(base challenge bonus);
    like( text( $outcome{challenge} ), qr/^all threads of par slept in 90% of its time/m, '... and that is said' );
    is( $outcome{challenge}{rounds}, 3, '... after three rounds' );
    %outcome = judge( %sleepy, %busy );
    is( $outcome{challenge}{verdict}, 'skip', 'who had to wait for others is not accused' );
    %outcome = judge( takes => { 'list-hw08' => sub { 4 } }, wrong => { 'list-hw08' => $asleep }, %busy );
    is( $outcome{base}{verdict}, 'fail', 'a baseline that sleeps is none, also where others use the machine' );
};

subtest 'A slow homework buys nothing' => sub {
    my %outcome = judge( takes => { 'list-hw08' => sub { 4 }, 'list-reference' => sub { 0.1 } } );
    is( $outcome{base}{verdict}, 'fail', 'the base has to hold against our own list under one lock' );
    like(
        text( $outcome{base} ),
        qr/\Ahw08 is slow: against our own list under one lock .*^list .* reference\/par 2 .*^list .* hw08\/par 80 /ms,
        '... and both are told'
    );
    %outcome = judge( takes => { 'list-reference' => sub { 0.4 } } );
    is( $outcome{base}{verdict},            'pass', 'an honest one passes' );
    is( $job->{runs}{'list-reference'} > 3, 1,      '... which was measured' );
};

subtest 'Which comparisons take place' => sub {
    my $ids = sub (%case) {
        return join q{ }, map { $_->{id} } grader::stages::Speed::tests( FakeJob->new(%case) );
    };
    is( $ids->(), 'par.base.list par.challenge.list par.bonus.list', 'hw08 and par' );
    is( $ids->( backends => ['par'] ),  'par.challenge.list par.bonus.list', 'par alone, against our own sys' );
    is( $ids->( backends => ['hw08'] ), q{},                                 'none without par' );
    is(
        $ids->( settings => { bonus_ratio => undef } ),
        'par.base.list par.challenge.list',
        'no bonus, when there is none'
    );
};

done_testing;

#!/usr/bin/env perl

# grader::speed::Sequential: its exact chances against counting, and the error rates of whole series on made-up machines. Nothing
# is timed and every random number comes from a fixed seed, so that each run of this test is the same.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin    qw($Bin);
use List::Util qw(min);
use Test::More;

use lib "$Bin/../..";
use grader::speed::Sequential;

sub rounds_of (@ratios) {
    return [ map { { wall => $_, cpu => $_, contended => 0 } } @ratios ];
}

sub answer_of ( $plan, $threshold, $rounds, %options ) {
    return grader::speed::Sequential::decide( $plan, $threshold, $rounds, %options )->{answer};
}

# ---- Chances ---------------------------------------------------------------------------------------------------------

subtest 'the signed-rank distribution is that of all sign patterns' => sub {
    for my $n ( 1 .. 12 ) {
        my @ways = (0) x ( 1 + $n * ( $n + 1 ) / 2 );
        for my $pattern ( 0 .. 2**$n - 1 ) {
            my $sum = 0;
            for my $rank ( 1 .. $n ) { $sum += $rank if $pattern & 1 << ( $rank - 1 ) }
            $ways[$sum]++;
        }
        my ( $below, $wrong ) = ( 0, 0 );
        for my $sum ( 0 .. $#ways ) {
            $below += $ways[$sum];
            $wrong++ if grader::speed::Sequential::tail( $n, $sum ) != $below / 2**$n;
        }
        is( $wrong, 0, "n = $n: every tail is exact" );
    }
    is( grader::speed::Sequential::tail( 10, 8 ), 25 / 1024, 'as in the printed tables: n = 10, sum 8' );
    is( grader::speed::Sequential::critical( 10, 0.05 ),   10, '... and the critical value there at 0.05' );
    is( grader::speed::Sequential::critical( 5,  1 / 32 ), 0,  'a sum of just the chance that is allowed' );
    is( grader::speed::Sequential::critical( 5,  0.03 ),   -1, 'no sum is rare enough among five' );
    cmp_ok( abs( grader::speed::Sequential::tail( 60, 914 ) - 0.5 ),
        '<', 0.003, 'half of the chance lies below the middle' );
};

subtest 'ranks add up to the number of pairs' => sub {
    srand 7;
    for my $n ( 1, 2, 5, 12, 31 ) {
        my @numbers = map { int( 20 * rand ) - 8 } 1 .. $n;
        my $pairs   = 0;
        for my $i ( 0 .. $n - 1 ) {
            $pairs += grep { $numbers[$i] + $numbers[$_] >= 2 } 0 .. $i;
        }
        is( grader::speed::Sequential::rank_sum( \@numbers, 1 ), $pairs, "n = $n, with ties" );
    }
    is( grader::speed::Sequential::rank_sum( [ 0, 0, 0 ], 0 ), 6, 'what is at the centre counts as above' );
    is( grader::speed::Sequential::rank_sum( [ -4, 1, 2, -3 ], 0 ), 3, 'the ranks of the positive ones' );
};

# ---- The plan ----------------------------------------------------------------------------------------------------------

subtest 'all looks together spend at most alpha' => sub {
    for my $case ( [ 0.001, 40 ], [ 0.001, 20 ], [ 0.001, 100 ], [ 0.01, 24 ], [ 0.05, 9 ], [ 0.05, 40 ] ) {
        my ( $alpha, $most ) = @{$case};
        my $plan  = grader::speed::Sequential::plan( alpha => $alpha, rounds_most => $most );
        my @looks = @{ $plan->{looks} };
        my $sum   = 0;
        my $over  = 0;
        for my $look (@looks) {
            $sum += grader::speed::Sequential::tail( $look->{rounds}, $look->{critical} ) if $look->{critical} >= 0;
            $over++ if $sum > $alpha * $look->{rounds} / $most || abs( $sum - $look->{spent} ) > 1e-12;
        }
        is( $over, 0, "alpha $alpha, $most rounds: what is spent stays below the line" );
        cmp_ok( $sum, '<=', $alpha,       '... in all at most alpha' );
        cmp_ok( $sum, '>',  0.7 * $alpha, '... of which little is left over' );
        is( $looks[-1]{rounds},       $most, '... and the last look is at the last round' );
        is( $looks[0]{critical} >= 0, 1,     '... and the first can already decide' );
    }
    is(
        join( q{ },
            map { $_->{rounds} } @{ grader::speed::Sequential::plan( alpha => 0.001, rounds_most => 40 )->{looks} } ),
        '12 15 19 25 31 40',
        'the looks of a plan of forty rounds'
    );
    ok( !eval { grader::speed::Sequential::plan( alpha => 0.001, rounds_most => 9 ) },
        'nine rounds are too few for 0.001' );
    like(
        $@,
        qr/\Aspeed_rounds_most is 9: .* can never tell anything; give more of either\n\z/,
        '... and that is said'
    );
};

# The sharpest case for a rule: sizes that are all given, and every way in which the coin may fall. No chance is involved.
subtest 'of all ways in which the coins may fall, at most alpha is called faster' => sub {
    my ( $alpha, $most ) = ( 0.05, 13 );
    my $plan  = grader::speed::Sequential::plan( alpha => $alpha, rounds_most => $most );
    my @sizes = map { exp( 0.01 * ( ( 7 * $_ ) % 17 + 1 ) ) } 1 .. $most;
    my %count;
    for my $pattern ( 0 .. 2**$most - 1 ) {
        my @ratios = map { $pattern >> $_ & 1 ? $sizes[$_] : 1 / $sizes[$_] } 0 .. $most - 1;
        $count{ answer_of( $plan, 1, rounds_of(@ratios) ) }++;
    }
    my ( $faster, $slower ) = map { $_ / 2**$most } @count{ 'faster', 'not faster' };
    cmp_ok( $faster, '<=', $alpha,       "$faster are called faster" );
    cmp_ok( $faster, '>',  0.5 * $alpha, '... a good part of what is allowed' );
    is( $slower, $faster, '... and as many not faster' );
};

# ---- Verdicts ----------------------------------------------------------------------------------------------------------

my $usual = grader::speed::Sequential::plan( alpha => 0.001, rounds_most => 40 );

subtest 'verdicts' => sub {
    is( answer_of( $usual, 1, rounds_of( (0.5) x 11 ) ), 'go on', 'eleven rounds are too few for any' );
    my $verdict = grader::speed::Sequential::judge( $usual, 1, rounds_of( (0.5) x 12 ) );
    is( "$verdict->{answer} $verdict->{rounds}", 'faster 12', 'twelve of twelve below the threshold' );
    is( answer_of( $usual, 1,   rounds_of( (2) x 12 ) ),          'not faster', 'twelve of twelve above' );
    is( answer_of( $usual, 1,   rounds_of( (1) x 12 ) ),          'not faster', 'as fast is not faster' );
    is( answer_of( $usual, 1,   rounds_of( (0.5) x 11, 0.999 ) ), 'faster',     'a small lead counts' );
    is( answer_of( $usual, 1,   rounds_of( (0.5) x 11, 1.001 ) ), 'go on',      'one against it, and more are needed' );
    is( answer_of( $usual, 1,   rounds_of( 3, (0.9) x 14 ) ),     'go on',      'one outlier among fifteen' );
    is( answer_of( $usual, 1,   rounds_of( 3, (0.9) x 24 ) ), 'faster', '... but among twenty-five it is outvoted' );
    is( answer_of( $usual, 0.9, rounds_of( (0.89) x 12 ) ),   'faster', 'another threshold' );
    is( answer_of( $usual, 0.9, rounds_of( (0.91) x 12 ) ),          'not faster', '... and above it' );
    is( answer_of( $usual, 1,   rounds_of( (0.5) x 12, (2) x 13 ) ), 'faster',     'what was decided stays' );
};

subtest 'the interval is that of the thresholds which are not decided' => sub {
    srand 11;
    my $plan   = grader::speed::Sequential::plan( alpha => 0.01, rounds_most => 30 );
    my $rounds = rounds_of( map { 0.8 + 0.4 * rand } 1 .. 30 );
    my $open   = grader::speed::Sequential::judge( $plan, 1, $rounds );
    is( $open->{answer}, 'cannot tell', 'thirty rounds around 1 tell nothing about 1' );
    cmp_ok( $open->{low},   '<', $open->{ratio}, 'the ratio is above the low end' );
    cmp_ok( $open->{ratio}, '<', $open->{high},  '... and below the high one' );

    # A plan whose only look is the last, with all that was left for it, decides about single thresholds.
    my $last = { %{$plan}, looks => [ { %{ $plan->{looks}[-1] } } ] };
    $last->{alpha} -= $plan->{looks}[-2]{spent};
    my @wanted = ( [ low => 0.9999, 'not faster' ], [ low => 1.0001, 'cannot tell' ] );
    push @wanted, [ high => 0.9999, 'cannot tell' ], [ high => 1.0001, 'faster' ];
    is( answer_of( $last, $open->{ $_->[0] } * $_->[1], $rounds ), $_->[2], "$_->[1] times the $_->[0] end" )
      for @wanted;
};

subtest 'when time has run out' => sub {
    my @clear = ( (0.9) x 15, 1.02, 1.03, 1.04 );
    is( answer_of( $usual, 1, rounds_of(@clear) ), 'faster', 'decided at fifteen rounds' );
    my @late = ( 1.02, 1.03, 1.04, (0.9) x 14 );
    is( answer_of( $usual, 1, rounds_of(@late) ), 'go on', 'seventeen rounds, no look' );
    is( answer_of( $usual, 1, rounds_of(@late), spent => 1 ), 'faster', '... unless they are the last' );
    for my $n ( 12 .. 39 ) {
        my ($spent) = ( 0, map { $_->{spent} } grep { $_->{rounds} < $n } @{ $usual->{looks} } )[-1];
        my $last    = ( grader::speed::Sequential::_looks( $usual, $n, 1 ) )[-1];
        my $all     = $spent + grader::speed::Sequential::tail( $n, $last->{critical} );
        ok( $last->{rounds} == $n && $all <= 0.001, "a last look after $n rounds keeps to alpha" );
    }
};

subtest 'on a contended machine CPU time must agree' => sub {
    my $with_cpu = sub ( $cpu, $contended, $n = 40 ) {
        return [ map { { wall => 0.9, cpu => $cpu, contended => $contended } } 1 .. $n ];
    };
    is( answer_of( $usual, 1, $with_cpu->( 0.95, 1 ) ), 'faster', 'it does' );
    is( answer_of( $usual, 1, $with_cpu->( 1.05, 0 ) ), 'faster', 'it need not where nobody else runs' );
    is( answer_of( $usual, 1, $with_cpu->( 1.05, 1, 12 ) ), 'go on', 'it does not, and there may be more rounds' );
    my $verdict = grader::speed::Sequential::judge( $usual, 1, $with_cpu->( 1.05, 1 ) );
    is( "$verdict->{answer}, $verdict->{why}", 'cannot tell, disagreement', 'it does not to the end' );
    is( $verdict->{wall_says},                 'faster',                    '... and what elapsed time says is told' );

    my $rounds = $with_cpu->( 1.05, 1, 14 );
    push @{$rounds}, map { { wall => 0.9, cpu => 0.8, contended => 1 } } 1 .. 26;
    $verdict = grader::speed::Sequential::judge( $usual, 1, $rounds );
    is( "$verdict->{answer} $verdict->{rounds}", 'faster 25', 'it may come to agree' );
};

subtest 'who is more parallel is held up more on a contended machine' => sub {
    my $answer = sub ( $wall, $cpu, @stretch ) {
        my %round = ( wall => $wall, cpu => $cpu, stretch => \@stretch, contended => 1 );
        return answer_of( $usual, 4, [ ( \%round ) x 40 ] );
    };
    is( $answer->( 3, 3,   1.6, 1.6 ), 'faster',      'alike: 3 is below 4' );
    is( $answer->( 3, 2.4, 2,   1.6 ), 'cannot tell', 'the second one is more parallel: the ratio might be 4.8' );
    is( $answer->( 3, 2.4, 2,   1.2 ), 'faster',      '... at most 3.6' );
    is( $answer->( 5, 5,   1.4, 1.4 ), 'not faster',  'alike: 5 is above 4' );
    is( $answer->( 5, 6,   1.4, 2 ),   'cannot tell', 'the first one is more parallel: the ratio might be 3.6' );
    is( $answer->( 5, 6,   1.2, 2 ),   'not faster',  '... at least 4.2' );
    is( $answer->( 5, 4.1, 2,   1.4 ), 'not faster',  'the second one is, which speaks for the answer' );
    my $why = sub ( $wall, $cpu, @stretch ) {
        my %round = ( wall => $wall, cpu => $cpu, stretch => \@stretch, contended => 1 );
        return grader::speed::Sequential::judge( $usual, 4, [ ( \%round ) x 40 ] )->{why};
    };
    is( $why->( 7, 9, 2, 2 ), 'parallel', 'where nothing is told, this is the reason, and not CPU time, which agrees' );
    is( $why->( 3, 2.4, 2, 1.6 ), 'parallel',     '... on either side' );
    is( $why->( 5, 3,   2, 1.4 ), 'disagreement', '... but where it does not, that is' );
};

subtest 'the fewer CPUs others leave, the farther from the threshold lies what is told' => sub {
    my $missing = 1;
    my $judged  = sub ( $wall, $n, %options ) {
        my %round   = ( wall => $wall, cpu => $wall, stretch => [ 2, 2 ], contended => 1, missing => $missing );
        my $verdict = grader::speed::Sequential::judge( $usual, 1, [ ( \%round ) x $n ], %options );
        return join q{ }, $verdict->{answer}, $verdict->{rounds}, $verdict->{why} // ();
    };
    is( $judged->( 0.24, 12 ), 'faster 12',             'more than four times below' );
    is( $judged->( 4.1,  12 ), 'not faster 12',         'more than four times above' );
    is( $judged->( 0.26, 12 ), 'go on 12',              'nearer, at the first look: it may have been a burst' );
    is( $judged->( 0.26, 15 ), 'cannot tell 15 scarce', '... at the second look: no more rounds' );
    is( $judged->( 3.9,  40 ), 'cannot tell 15 scarce', 'nearer, from above' );
    is(
        $judged->( 0.26, 12, spent => 1 ),
        'cannot tell 12 scarce',
        '... is said when there is no time for a second look'
    );
    is( $judged->( 0.26, 0, spent => 1 ), 'cannot tell 0 too few rounds', '... but not when there was no round' );

    $missing = 0.25;
    is( $judged->( 0.49, 12 ), 'faster 12',             'a quarter of one CPU is missing: more than two times below' );
    is( $judged->( 0.51, 15 ), 'cannot tell 15 scarce', '... nearer' );

    my %burst = ( wall => 0.5, cpu => 0.5, stretch => [ 1, 1 ], contended => 1 );
    my @after = ( ( { %burst, missing => 1 } ) x 12, ( \%burst ) x 3 );
    is( answer_of( $usual, 1, \@after ), 'faster', 'others that go away after the first look hinder nothing' );
};

subtest 'what would settle it' => sub {
    my $why = sub ( $threshold, $ratios, %options ) {
        my $verdict = grader::speed::Sequential::judge( $usual, $threshold, rounds_of( @{$ratios} ), %options );
        return join q{ }, $verdict->{answer}, grep { defined } @{$verdict}{qw(why rounds_wanted)};
    };
    is( $why->( 1, [ (0.5) x 7 ], spent => 1 ), 'cannot tell too few rounds 12', 'more time, when it was not enough' );
    is( $why->( 1, [],            spent => 1 ), 'cannot tell too few rounds 12', '... for even one round' );
    my @wide = map { 0.96 * exp( 0.15 * ( ( 7 * $_ ) % 40 - 19.5 ) / 20 ) } 0 .. 39;
    like( $why->( 0.99, \@wide ), qr/\Acannot tell scatter [1-4]\d\d\z/, 'so many rounds' );
    is( $why->( 0.961, \@wide ), 'cannot tell too near', 'no number of rounds' );
};

# ---- Error rates on machines that misbehave ------------------------------------------------------------------------------

sub normal () { return sqrt( -2 * log( 1 - rand ) ) * cos( 6.283185307 * rand ) }

# Each is a function that makes a machine: a function that gives how much longer the next run takes than it should.
my %MACHINE = (
    'a steady one' => sub {
        return sub { exp( 0.05 * normal() ) }
    },
    'one with heavy tails' => sub {
        return sub { exp( 0.04 * normal() + ( rand() < 0.1 ? min( 3, 0.05 / ( 0.01 + rand ) ) : 0 ) ) }
    },
    'one that gets slower and slower' => sub {
        my $runs = 0;
        return sub { exp( 0.05 * normal() + 0.004 * $runs++ ) }
    },
    'one that is 30% slower in bursts' => sub {
        my $slow = 0;
        return sub { $slow = !$slow if rand() < 0.15; exp( 0.04 * normal() + ( $slow ? log 1.3 : 0 ) ) }
    },
    'one on which a second run is slower' => sub {
        my $runs = 0;
        return sub { exp( 0.05 * normal() + ( $runs++ % 2 ? 0.05 : 0 ) ) }
    },
);

my $coin        = sub { return rand() < 0.5 };
my $fixed_order = sub { return 1 };

# One series on a new machine; the graded backend comes first as the order says.
sub series ( $machine, $ratio, $order, $n = 40 ) {
    my $slowness = $machine->();
    my @ratios;
    for ( 1 .. $n ) {
        my ( $first, $second ) = ( $slowness->(), $slowness->() );
        push @ratios, $ratio * ( $order->() ? $first / $second : $second / $first );
    }
    return @ratios;
}

# How many of so many series are given this answer by the rule.
sub count ( $regrades, $wanted, $rule, @series ) {
    return scalar grep { $rule->( series(@series) ) eq $wanted } 1 .. $regrades;
}

my $our_rule = sub (@ratios) { return answer_of( $usual, 1, rounds_of(@ratios) ) };

# A rule that looks after every round, and each time allows itself all of alpha.
my @every   = map { grader::speed::Sequential::critical( $_, 0.001 ) } 0 .. 40;
my $no_plan = sub (@ratios) {
    my @logs = map { log } @ratios;
    for my $n ( 11 .. 40 ) {
        return 'faster' if grader::speed::Sequential::rank_sum( [ @logs[ 0 .. $n - 1 ] ], 0 ) <= $every[$n];
    }
    return 'cannot tell';
};

subtest 'error rates' => sub {
    my ( $regrades, $wrong ) = ( 3000, 0 );
    srand 4;
    for my $name ( sort keys %MACHINE ) {
        my $faster = count( $regrades, 'faster', $our_rule, $MACHINE{$name}, 1, $coin );
        note("ratio 1.00 called faster on $name: $faster of $regrades");
        $wrong += $faster;
    }
    my $all = $regrades * keys %MACHINE;
    cmp_ok( $wrong, '<=', $all / 1000, "ratio 1.00 is called faster in $wrong of $all series" );

    for my $name ( sort keys %MACHINE ) {
        my $told = count( 300, 'faster', $our_rule, $MACHINE{$name}, 0.9, $coin );
        note("ratio 0.90 called faster on $name: $told of 300");
        next if $name =~ /heavy tails|bursts/;    # these scatter by far more than 10%
        cmp_ok( $told, '>=', 297, "ratio 0.90 is called faster on $name" );
    }
};

subtest 'rules that err are seen to err' => sub {
    srand 5;
    my $steady = $MACHINE{'a steady one'};
    my $faster = count( 2000, 'faster', $no_plan, $steady, 1, $coin );
    cmp_ok( $faster, '>', 4, "without a plan for the looks, ratio 1.00 is called faster in $faster of 2000 series" );
    my $second = $MACHINE{'one on which a second run is slower'};
    $faster = count( 100, 'faster', $our_rule, $second, 1, $fixed_order );
    cmp_ok( $faster, '>', 50, "without a coin for the order, in $faster of 100, where a second run is slower" );
};

# ---- Error rates on recorded rounds --------------------------------------------------------------------------------------

subtest 'recorded rounds, resampled by grader/speed/simulate' => sub {
    my @recorded = glob "$Bin/../../grader/speed/recorded/*.tsv";
    cmp_ok( scalar @recorded, '>', 2, 'there are recordings' );
    my $each_row = sub ( $look, @options ) {
        open my $table, '-|', $^X, "$Bin/../../grader/speed/simulate", '--ratios', '0.80,0.90,1.00,1.10', @options,
          @recorded
          or die "cannot run grader/speed/simulate: $!";
        my %row;
        while ( my $line = <$table> ) {
            @row{qw(name ratio faster slower untold)} = $line =~ /\A([\w-]+) +([\d.]+) +(\d+) +(\d+) +(\d+) / or next;
            $look->(%row);
        }
        ok( close $table, 'grader/speed/simulate ends well' );
    };

    my ( $rows, %wrong ) = (0);
    my $right = sub (%row) {
        $rows++;
        $wrong{'what is not faster called faster'} += $row{faster} if $row{ratio} >= 1;
        $wrong{'what is faster called not faster'} += $row{slower} if $row{ratio} < 1;
        my $where = "$row{name}, ratio $row{ratio}";
        cmp_ok( $row{faster}, '>=', 396, "$where: told" ) if $row{name} =~ /quiet|burner/ && $row{ratio} <= 0.9;
        is( $row{faster} + $row{slower} + $row{untold}, 400, "$where: every regrade is counted" );
    };
    $each_row->( $right, '--regrades', 400, '--enough-cpus' );
    for my $kind ( sort keys %wrong ) { cmp_ok( $wrong{$kind}, '<=', $rows * 200 / 1000, "$kind: $wrong{$kind}" ) }

    my $untold = sub (%row) {
        my $where = "$row{name}, ratio $row{ratio}";
        is( $row{untold}, 20, "$where: not told where others took most of a CPU" )
          if $row{name} =~ /busy|burner/;
        cmp_ok( $row{faster}, '>=', 19, "$where: told where they leave enough" )
          if $row{name} =~ /quiet/ && $row{ratio} == 0.8;
    };
    $each_row->( $untold, '--regrades', 20 );
};

done_testing;

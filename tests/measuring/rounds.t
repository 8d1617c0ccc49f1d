#!/usr/bin/env perl

# measure::Rounds: order of the runs, and the numbers made of them. No program is run.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Rounds;

my @entries = map { { name => $_, command => [$_] } } qw(a b c);

sub interleave (%options) {
    my ( $count, $order ) = ( 0, '' );
    my $results = measure::Rounds::interleave(
        entries => \@entries,
        run     => sub ($entry) { $order .= $entry->{name}; return { number => $count++ } },
        %options
    );
    return ( $results, $order );
}

sub numbers (@results) {
    return join q{ }, map { $_->{number} } @results;
}

subtest 'interleave' => sub {
    my ( $results, $order ) = interleave( rounds => 3 );
    is( $order,                        'abcbcacababc', 'a warm-up, then every round once each, each first in turn' );
    is( numbers( @{ $results->{a} } ), '5 7 9',        'the results of a, round by round, without the warm-up' );
    is( numbers( @{ $results->{c} } ), '4 6 11',       'the results of c' );

    ( $results, $order ) = interleave( rounds => 2, warmup => 0 );
    is( $order,                        'bcacab', 'no warm-up when none is wanted' );
    is( numbers( @{ $results->{b} } ), '0 5',    '... and all results are kept' );

    my @progress;
    interleave(
        rounds      => 1,
        on_progress =>
          sub ( $done, $total, $entry ) { push @progress, "$done/$total " . ( $entry ? $entry->{name} : 'end' ) }
    );
    is( "@progress", '0/6 a 1/6 b 2/6 c 3/6 b 4/6 c 5/6 a 6/6 end',
        'progress is told before every run and at the end' );

    my @checked;
    my $done = eval {
        interleave(
            rounds => 3,
            check  => sub ( $entry, $result ) {
                push @checked, "$entry->{name}$result->{number}";
                die "wrong\n" if @checked == 5;
            }
        );
    };
    is( $@,         "wrong\n",        'a check may end the measurement' );
    is( "@checked", 'a0 b1 c2 b3 c4', '... after any run, the warm-up included' );

    my @looks;
    ( $results, $order ) = interleave(
        rounds => 5,
        go_on  => sub ($results) {
            push @looks, numbers( @{ $results->{b} } );
            return @{ $results->{b} } < 2;
        }
    );
    is( join( q{|}, @looks ),          '|3|3 8', 'after every round it is asked whether to go on' );
    is( numbers( @{ $results->{b} } ), '3 8',    '... and a no ends the measurement' );

    ( undef, $order ) =
      interleave( rounds => 2, order => sub ( $round, @all ) { $round == 1 ? reverse @all : @all } );
    is( $order, 'abccbaabc', 'an order of the caller, round by round' );

    my %twice = ( rounds => 1, entries => [ $entries[0], $entries[0] ] );
    ok( !eval { interleave(%twice) }, 'two entries of the same name are refused' );
};

subtest 'median and spread' => sub {
    is( measure::Rounds::median( 3, 1, 2 ),       2,   'the middle one' );
    is( measure::Rounds::median( 10, 9, 100, 1 ), 9.5, 'the mean of the middle two, sorted as numbers' );
    is( measure::Rounds::median(7),               7,   'of one' );
    ok( !eval { measure::Rounds::median(); 1 }, 'none has no median' );
    is( measure::Rounds::spread( 1, 2, 3, 4, 1000 ), 1, 'one outlier does not move the spread' );
    is( measure::Rounds::spread( 5, 5, 5 ), 0, 'no spread at all' );
};

subtest 'paired ratio' => sub {
    my @ratios = measure::Rounds::paired_ratio( [ 2, 6, 12 ], [ 1, 2, 3 ] );
    is( "@ratios", '3 2 4', 'median, smallest and largest of few' );
    my @ten = measure::Rounds::paired_ratio( [ 1 .. 9 ], [ (1) x 9 ] );
    is( "@ten", '5 2 8', 'of nine the interval leaves off one at each end' );
    ok( !eval { measure::Rounds::paired_ratio( [ 1, 2 ], [1] ); 1 }, 'lists of different length are refused' );
};

# The interval's promise, exactly: each value lies below the true median with chance one half, so the interval misses when
# at most `cut` of n fair coins show heads, or at most `cut` show tails.
subtest 'the interval holds the true median in at least 95 of 100' => sub {
    for my $n ( 6 .. 40 ) {
        my ( undef, $low, $high ) = measure::Rounds::paired_ratio( [ 0 .. $n - 1 ], [ (1) x $n ] );
        is( $low + $high, $n - 1, "n = $n: as many are left off at both ends" );
        cmp_ok( miss_chance( $n, $low ),     '<=', 0.05, '... few enough' );
        cmp_ok( miss_chance( $n, $low + 1 ), '>',  0.05, '... and one more would be too many' );
    }
};

sub miss_chance ( $n, $cut ) {
    my ( $ways, $sum ) = ( 1, 0 );
    for my $heads ( 0 .. $cut ) {
        $sum  += $ways;
        $ways *= ( $n - $heads ) / ( $heads + 1 );
    }
    return 2 * $sum / 2**$n;
}

done_testing;

#!/usr/bin/env perl

# What make gprof and make try say by themselves: which TOP is profiled, and what to look at next. No program runs.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Advice;
use measure::Profile;

# ---- Which TOP -----------------------------------------------------------------------------------------------------------

# A program that takes factor * TOP ** power seconds. Result: the TOP, why, the seconds that all runs took, and their number.
sub choose ( $factor, $power ) {
    my ( $spent,  $runs ) = ( 0, 0 );
    my ( $chosen, $why )  = measure::Profile::choose_top(
        sub ( $top, $cpu_s ) {
            my $takes = $factor * $top**$power;
            $runs++;
            $spent += $takes > $cpu_s ? $cpu_s : $takes;
            return { top => $top, cpu_s => $takes, stopped => $takes > $cpu_s };
        }
    );
    return ( $chosen->{top}, $why, $spent, $runs );
}

my ( $top, $why, $spent ) = choose( 1e-5, 1 );
is( $top, 256_000, 'a program whose time grows with TOP: the smallest that takes 2 s' );
is( $why, 'the smallest of 500, 1000, 2000, ... that takes 2 s or more', '... which is said' );
cmp_ok( $spent, '<', 20, '... within 20 s' );
( $top, $why, $spent ) = choose( 3e-7, 2 );
is( $top, 4000, 'with its square: likewise' );
cmp_ok( $spent, '<', 20, '... within 20 s' );
( $top, $why, $spent ) = choose( 1.8 / 1000**4, 4 );
is( $top, 1000,                                        'with its fourth power: the last one for which there is time' );
is( $why, 'the next one, 2000, would take about 29 s', '... and what the next one would cost' );
cmp_ok( $spent, '<', 20, '... within 20 s' );
( $top, $why, $spent ) = choose( 0.05 / 500**9, 9 );
is( $top, 500,                                             'one that grows even faster is stopped' );
is( $why, 'TOP 1000 did not end in what was left of 20 s', '... which is said' );
cmp_ok( $spent, '<=', 20, '... within 20 s' );
( $top, $why ) = choose( 1e-9, 1 );
is( "$top: $why",            '2048000: the largest that is tried',                       'one that takes no time' );
is( eval { choose( 1, 1 ) }, undef,                                                      'one that never ends' );
is( $@, "TOP 500 did not end within 20 s of CPU time: give a smaller one, as TOP=100\n", '... says what to do' );

# ---- What next -----------------------------------------------------------------------------------------------------------

is(
    measure::Advice::first_failure(
            "mine: 50%: Checks: 2, Failures: 1, Errors: 0\n"
          . "tests/suite/blocks.c:80:F:overlap:blocks_overlap_no_other:0: xmalloc(33) returned 0x1\n"
          . "tests/suite/blocks.c:80:F:sizes:another:0: xmalloc(34) returned 0x1\n"
    ),
    q{next: the check 'blocks overlap no other' (overlap): xmalloc(33) returned 0x1},
    'the first check that fails'
);
is( measure::Advice::first_failure("mine: 100%: Checks: 2, Failures: 0, Errors: 0\n"), undef, '... or none' );

my @ratios = ( { program => 'ivec', ratio => [ 0.9, 0.8, 1.1 ] }, { program => 'list', ratio => [ 1.5, 1.2, 1.8 ] } );

sub next_of (@functions) {
    my @named = map { { name => $_->[0], percent => $_->[1], seconds => $_->[2], calls => $_->[3] } } @functions;
    return measure::Advice::next_step(
        program => 'list',
        profile => { functions => \@named },
        own     => [qw(xmalloc walk)],
        ratios  => \@ratios
    );
}
is(
    next_of( [ 'list_next', 50, 2, 10 ], [ 'walk', 40, 1.5, 1_500_000 ] ),
    'next: walk takes 40 % of list, 1000 ns a call: does it walk a list?'
      . ' Find the block without a walk, or make the list shorter',
    'the hottest function of the backend, whose calls are long'
);
is(
    next_of( [ 'xmalloc', 30, 0.02, 1_000_000 ] ),
    'next: xmalloc takes 30 % of list, 20 ns a call: each call is short, so what is left is to make fewer of them',
    '... or short'
);
is( next_of( [ 'xmalloc', 30, 1, undef ] ), 'next: xmalloc takes 30 % of list', '... or not counted' );
my $lost = 'next: list takes 1.50 times as long as with sys (1.20 to 1.80)';
is( next_of( [ 'walk',      20, 1, 10 ] ), $lost, 'no function stands out: the lost race' );
is( next_of( [ 'list_next', 90, 1, 10 ] ), $lost, '... nor one of the program' );
is(
    measure::Advice::race( $ratios[0] ),
'next: cannot tell whether ivec is faster than with sys: 0.90 times as long (0.80 to 1.10). More rounds tell: ROUNDS=15',
    'a race that may be chance'
);
like(
    measure::Advice::race( { program => 'ivec', ratio => [ 1.2, 0.9, 1.4 ] } ),
    qr/\Anext: cannot tell whether ivec is faster than with sys: 1[.]20 times as long/,
    '... also where it looks lost'
);
is(
    measure::Advice::race( { program => 'ivec', ratio => [ 0.5, 0.4, 0.6 ] } ),
    'next: it is faster than sys on every program; the grade: perl test.pl',
    'all are won'
);

done_testing();

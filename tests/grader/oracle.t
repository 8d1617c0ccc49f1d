#!/usr/bin/env perl

# The grader's oracle against published values and against the plain definition.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::kit::Oracle;

my %published = (
    2         => [ 1,       0 ],
    3         => [ 2,       1 ],
    4         => [ 3,       7 ],
    100       => [ 97,      118 ],
    1_000     => [ 871,     178 ],
    10_000    => [ 6_171,   261 ],
    100_000   => [ 77_031,  350 ],
    200_000   => [ 156_159, 382 ],
    500_000   => [ 410_011, 448 ],
    1_000_000 => [ 837_799, 524 ],
);

# Small ones after large ones too: what is in the table must not leak into them.
for my $top ( ( sort { $a <=> $b } keys %published ), 1000, 3, 2 ) {
    is_deeply( [ grader::kit::Oracle::answer($top) ], $published{$top}, "the published answer below $top" );
}

sub steps_by_definition ($n) {
    my $steps = 0;
    for ( ; $n != 1 ; $steps++ ) { $n = $n % 2 ? 3 * $n + 1 : $n / 2 }
    return $steps;
}

my ( $best, $most, @differing ) = ( 1, 0 );
for my $top ( 2 .. 3000 ) {
    my $steps = steps_by_definition( $top - 1 );
    ( $best, $most ) = ( $top - 1, $steps ) if $steps > $most;
    my ( $number, $count ) = grader::kit::Oracle::answer($top);
    push @differing, $top if $number != $best || $count != $most;
}
is( "@differing", '', 'every TOP from 2 to 3000 by definition, ties to the smaller number' );

is( grader::kit::Oracle::line(1000), 'Max steps is at 871: 178 steps', 'the line that a program must print' );

for my $top ( 1, 0, -5, 'many', '', 1.5, 10_000_001 ) {
    ok( !eval { grader::kit::Oracle::answer($top); 1 }, "'$top' is no TOP" );
    like( $@, qr/ \Q$top\E is not a whole number from 2 to 10000000/, '... and is named' );
}

done_testing;

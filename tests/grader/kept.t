#!/usr/bin/env perl

# grader::kit::Kept: programs keep within its bounds with right backends, also with one that wastes half of what it takes, and
# not with one that never frees.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::kit::Kept;
use measure::Launch;
use tests::lib::Built;

# The smallest that grader::stages::Work draws, where least can be told.
my $TOP      = 40_000;
my @PROGRAMS = qw(ivec collatz);
my @BACKENDS = qw(sys buddy neverfrees);

my $tree = tests::lib::Built::tree();
tests::lib::Built::launcher();
tests::lib::Built::insist(
    "BACKENDS=@BACKENDS",
    map {
        my $program = $_;
        map { "bin/$program-$_" } @BACKENDS
    } @PROGRAMS
);

for my $program (@PROGRAMS) {
    for my $backend (@BACKENDS) {
        my $result = measure::Launch::run(
            command  => [ "$tree/bin/$program-$backend", '--digest', $TOP ],
            question => '0123456789abcdef' x 2 . "\n",
            wall_s   => 120,
        );
        BAIL_OUT( "$program-$backend " . measure::Launch::sentence($result) ) if !measure::Launch::ok($result);
        my ( $least_kib, $most_kib ) = grader::kit::Kept::bounds_kib( $program, $result->{stdout} );
        my $peak_kib = $result->{peak_kib};
        my $said     = "$program-$backend had $peak_kib KiB; $least_kib to $most_kib are accepted";
        if ( $backend eq 'neverfrees' ) { cmp_ok( $peak_kib, '>', $most_kib, $said ) }
        else { ok( $peak_kib > $least_kib && 1.3 * $peak_kib < $most_kib, "$said, which is enough" ) }
    }
}

done_testing;

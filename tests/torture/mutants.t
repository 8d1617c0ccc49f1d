#!/usr/bin/env perl

# make mutants can begin: it finds places to change, and its copy of the tree is whole, compiles, and has all that the checks need.

use v5.32;
use warnings;

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

plan skip_all => 'there is no clang for python3: ./setup installs it (Debian: python3-clang)'
  if system(q{/usr/bin/python3 -c 'import clang.cindex' 2>/dev/null}) != 0;
tests::lib::Built::insist(qw(build/release/measure/launch mutant-objects));

my $result = measure::Launch::run( command => [ "$Bin/mutants", '--sample', 0, '--seed', 1 ], wall_s => 600 );
ok( measure::Launch::ok($result), 'mutants, with a sample of none, ends well' )
  or diag measure::Launch::sentence($result), "\n", substr $result->{stderr}, -2000;
my ($places) = $result->{stdout} =~ /\A(\d+) places; a sample of 0, seed 1\n/;
cmp_ok( $places // 0, '>', 1000, '... and has found places in every part' );

done_testing;

#!/usr/bin/env perl

# The corpus of the fuzzer, sequences of calls that together reach most of par, runs against the model heap. make fuzz looks for more.

use v5.32;
use warnings;

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

plan skip_all => 'there is no clang' if system('clang --version >/dev/null 2>&1') != 0;
my $fuzz = 'build/release/tests/torture/fuzz-par';
tests::lib::Built::insist( 'build/release/measure/launch', $fuzz );

my @corpus = glob "$Bin/corpus/*";
my $result = measure::Launch::run( command => [ "$Bin/../../$fuzz", @corpus ], wall_s => 600 );
my @ran    = $result->{stderr} =~ /^Executed /mg;
ok( measure::Launch::ok($result), 'par keeps every block in all sequences of the corpus' )
  or diag measure::Launch::sentence($result), "\n", substr $result->{stderr}, -2000;
is( scalar @ran, scalar @corpus, '... which all ran' );

done_testing;

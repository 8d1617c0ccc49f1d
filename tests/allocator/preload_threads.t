#!/usr/bin/env perl

# lib/libpar.so: threads use malloc in their last moments, and leave nothing behind.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd     qw(abs_path);
use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

my $tree    = abs_path("$Bin/../..");
my $program = 'build/release/tests/tools/preload_threads';
delete local $ENV{MAKEFLAGS};
tests::lib::Built::insist( 'build/release/measure/launch', 'lib/libpar.so', $program );

my %promise = (
    late    => 'what is freed after all destructors of a thread is not lost',
    last    => 'what a thread frees that never used malloc before is not lost, even right at its end',
    cleanup => 'cancelled threads and C11 threads allocate in their cleanup',
);
for my $way ( sort keys %promise ) {
    for my $library ( undef, "$tree/lib/libpar.so" ) {
        my $result = measure::Launch::run(
            command => [ "$tree/$program", $way ],
            wall_s  => 300,
            env     => { LD_PRELOAD => $library },
        );
        ok(
            measure::Launch::ok($result) && $result->{stderr} eq '',
            "$promise{$way}, with " . ( $library ? 'libpar' : 'the C library' )
        ) or diag measure::Launch::sentence($result), "\n", $result->{stderr};
    }
}

done_testing;

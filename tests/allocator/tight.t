#!/usr/bin/env perl

# How much memory par needs in programs that it was not made for, beside the C library in the same program. `tight CASE`, with
# LD_PRELOAD or without, shows one case.

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

my $tree = abs_path("$Bin/../..");
my $tool = 'build/release/tests/tools/tight';
tests::lib::Built::insist( 'build/release/measure/launch', 'lib/libpar.so', $tool );

# Where the C library needs least it is the measure: a quarter more and 2 MiB. Where it keeps what it could give back, or nothing at
# all, or idle threads cost every allocator with caches, the bound is a number of MiB: 1,000 threads have stacks as well.
my $SHARE     = 1.25;
my $SLACK_KIB = 2048;
my %MOST_MIB  = (
    idle_64     => 12,
    idle_1000   => 64,
    busy_200    => 96,
    moving      => 13,
    survivors   => 80,
    zeros_again => 24,
    after_files => 36,
    sparse_odd  => 24
);
my @CASES =
  qw(sparse_large sparse_medium sparse_buffers sparse_odd sparse_zeros zeros_again after_files after_matrices after_reads many_mappings odd_1150000 odd_1052672 odd_720000
  idle_64 idle_1000 busy_200 moving survivors);

# Every slot may split a mapping in two, at most; the system has 65,530.
my $MOST_MAPPINGS = 10_000;

# Result: the KiB and the mappings, or nothing after a failed test.
sub needed ( $case, $preload ) {
    my $result = measure::Launch::run(
        command => [ "$tree/$tool", $case ],
        env     => { LD_PRELOAD => $preload },
        wall_s  => 900,
    );
    return $result->{stdout} =~ /\A(\d+) KiB, (\d+) mappings/ if measure::Launch::ok($result);
    fail("$case runs");
    diag measure::Launch::sentence($result), "\n", $result->{stderr};
    return;
}

# How far threads come before others are scheduled is chance, and with it what they need: what is above a limit once is asked
# again, and the median decides.
my $ASKED_AGAIN = 4;

sub median_above ( $case, $kib ) {
    my @all = sort { $a <=> $b } $kib, map { ( needed( $case, "$tree/lib/libpar.so" ) )[0] } 1 .. $ASKED_AGAIN;
    note "$case: @all KiB";
    return $all[ $ASKED_AGAIN / 2 ];
}

for my $case (@CASES) {
    my ( $kib, $mappings ) = needed( $case, "$tree/lib/libpar.so" ) or next;
    if ( defined $MOST_MIB{$case} ) {
        $kib = median_above( $case, $kib ) if $kib / 1024 > $MOST_MIB{$case};
        cmp_ok( $kib / 1024, '<=', $MOST_MIB{$case}, "$case: resident MiB" );
    }
    else {
        my ($sys_kib) = needed( $case, undef ) or next;
        cmp_ok( $kib, '<=', $SHARE * $sys_kib + $SLACK_KIB, "$case: KiB, the C library's being $sys_kib" );
    }
    cmp_ok( $mappings, '<=', $MOST_MAPPINGS, "$case: mappings" );
}

done_testing;

#!/usr/bin/env perl

# par on a kernel whose pages have 16 or 64 KiB, played by a preloaded library: random calls against the model heap, and the Check
# suite.

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

my $tree   = abs_path("$Bin/../..");
my $build  = "$tree/build/release/tests";
my $kernel = "$tree/lib/torture-kernel_pages.so";
my $count  = $ENV{LONG} ? 1e7 : 2e5;

# Those that depend on pages; LONG=1 runs all of them.
my @CASES = ( 'large', 'alignment' );
my @MORE  = ( 'sizes', 'overlap', 'resize', 'errno', 'reuse', 'small space', 'peak' );

tests::lib::Built::insist(
    qw(build/release/measure/launch lib/libpar.so lib/torture-kernel_pages.so build/release/tests/suite-par),
    map { "build/release/tests/torture/random-$_" } qw(par family) );

sub played ( $kib, $preload, $name, @command ) {
    my %env    = ( LD_PRELOAD => $preload, TORTURE_PAGE_KIB => $kib, CK_FORK => 'yes' );
    my $result = measure::Launch::run( command => \@command, wall_s => 1200, env => \%env );
    return ok( measure::Launch::ok($result), $name )
      || diag measure::Launch::sentence($result), "\n", $result->{stdout}, $result->{stderr};
}

for my $kib ( 16, 64 ) {
    my $told = measure::Launch::run(
        command => [ 'getconf', 'PAGESIZE' ],
        env     => { LD_PRELOAD => $kernel, TORTURE_PAGE_KIB => $kib }
    );
    is( $told->{stdout}, $kib * 1024 . "\n", "the kernel says that its pages have $kib KiB" );
    played( $kib, $kernel, '... par keeps every block', "$build/torture/random-par", $count, 4, 7 );
    played(
        $kib,
        "$kernel $tree/lib/libpar.so",
        '... and so does libpar',
        "$build/torture/random-family",
        $count, 4, 7
    );
    for my $case ( @CASES, $ENV{LONG} ? @MORE : () ) {
        local $ENV{CK_RUN_CASE} = $case;
        played( $kib, $kernel, "... the suite's case '$case' holds", "$build/suite-par" );
    }
}

done_testing;

#!/usr/bin/env perl

# How well par fills the memory that it holds in the recorded traces of real programs, whose heaps are small, beside the C library.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd      qw(abs_path);
use FindBin  qw($Bin);
use JSON::PP qw(decode_json);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

my $tree = abs_path("$Bin/../..");
tests::lib::Built::insist( 'build/release/measure/launch', 'bin/replay-par', 'bin/replay-sys' );

# Of the C library's utilization par is to have nine tenths. In five traces it has less; what they have may not be lost.
my $SHARE  = 0.9;
my %SHARES = ( perl => 0.62, sqlite => 0.43, git => 0.71, cc1 => 0.79, collatz => 0.72 );
my @TRACES = qw(sort perl sqlite git cc1 list collatz);

sub utilization ( $backend, $trace ) {
    my $result = measure::Launch::run(
        command => [ "$tree/bin/replay-$backend", qw(--rounds 1 --json), "$tree/trace/traces/$trace.trace" ],
        wall_s  => 300,
    );
    return decode_json( $result->{stdout} )->{utilization} if measure::Launch::ok($result);
    fail("$trace is replayed on $backend");
    diag measure::Launch::sentence($result), "\n", $result->{stderr};
    return;
}

for my $trace (@TRACES) {
    my $sys = utilization( 'sys', $trace ) or next;
    my $par = utilization( 'par', $trace ) or next;
    cmp_ok( $par, '>=', ( $SHARES{$trace} // $SHARE ) * $sys, "$trace: utilization, the C library's being $sys" );
}

done_testing;

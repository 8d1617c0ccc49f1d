#!/usr/bin/env perl

# The cross compiler for arm64 builds par and hw08, and emulated they keep every block and answer right. Their suites need Check for
# arm64, which `make everywhere WHERE=arm64` has.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use lib "$Bin/../..";
use Test::More;

use tests::lib::Built;

my $CC = 'aarch64-linux-gnu-gcc';
my ($emulator) = grep { system("$_ -version >/dev/null 2>&1") == 0 } qw(qemu-aarch64 qemu-aarch64-static);
plan skip_all => 'there is no compiler for arm64' if system("$CC --version >/dev/null 2>&1") != 0;
plan skip_all => 'there is no emulator of arm64'  if !defined $emulator;

my $tree = tests::lib::Built::tree();
my $work = File::Temp->newdir;
delete local @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS BUILD BIN BACKEND BACKENDS FLAVOUR)};   # ours, when make runs the tests

sub made (@words) {
    my $command = join q{ }, map { quotemeta } 'make', '--silent', '-j2', '-C', $tree, "O=$work", "CC=$CC", @words;
    my $said    = qx($command 2>&1);
    return "$?$said";
}

# Result: what the program printed, and its exit status.
sub emulated ( $program, @arguments ) {
    my $said = qx($emulator -L /usr/aarch64-linux-gnu \Q$work\E/$program @arguments 2>&1);
    return ( $said, $? >> 8 );
}

my $random = 'build/release/tests/torture/random';
is( made( 'BACKENDS=par hw08 overlap', map { "$work/$_" } map { "$random-$_" } qw(par hw08 overlap) ),
    '0', 'it compiles without a word' );
isnt( ( emulated( "$random-overlap", '1e4', 2, 7 ) )[1], 0, 'random calls find a backend whose blocks overlap' );
for my $run ( [ par => '1e5' ], [ hw08 => '1e4' ] ) {
    my ( $backend, $calls )  = @{$run};
    my ( $said,    $status ) = emulated( "$random-$backend", $calls, 2, 7 );
    is( $status, 0, "$backend keeps every block in $calls random calls" ) or diag $said;
}
is( made( 'BACKENDS=par hw08', 'programs' ), '0', 'the programs' );
for my $backend (qw(par hw08)) {
    for my $program (qw(ivec list collatz)) {
        is(
            ( emulated( "bin/$program-$backend", '-t', 2, 1000 ) )[0],
            "Max steps is at 871: 178 steps\n",
            "$program-$backend is right"
        );
    }
}

done_testing();

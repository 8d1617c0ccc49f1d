#!/usr/bin/env perl

# The hardened build keeps all promises that the release keeps: freed blocks wait in quarantine, but not for ever, and
# nobody can tell how long.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Path qw(make_path);
use FindBin    qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

my $tree     = tests::lib::Built::tree();
my $launcher = tests::lib::Built::launcher();
my $suite    = 'build/hardened/tests/suite-par';
my $order    = 'build/release/tests/tools/quarantine';
tests::lib::Built::insist( qw(HARDENED=1 BACKENDS=par), $suite );
tests::lib::Built::insist('lib/libpar-hardened.so');
make_path("$tree/build/release/tests/tools");
system( 'gcc', qw(-std=c11 -O1 -fno-builtin -o), "$tree/$order", "$tree/tests/tools/quarantine.c" ) == 0
  or BAIL_OUT("cannot build $order");

sub run (%how) { return measure::Launch::run( launcher => $launcher, directory => $tree, wall_s => 900, %how ) }

my $result = run( command => [$suite], env => { VERBOSE => 1 } );
ok( measure::Launch::ok($result), 'the suite passes' )
  or diag measure::Launch::sentence($result), "\n", $result->{stdout}, $result->{stderr};

# Where the secret were the same, or were drawn too late, each process would do the same.
my %seen;
for ( 1 .. 4 ) {
    my $printed = run( command => [$order], env => { LD_PRELOAD => "$tree/lib/libpar-hardened.so" } )->{stdout};
    like( $printed, qr/\A(?:(?:\d+|-) ){24}\n\z/, 'the order of blocks is told' );
    $seen{$printed} = 1;
}
is( scalar keys %seen, 4, 'blocks come back in another order in each process' );

done_testing;

#!/usr/bin/env perl

# par in a process that is limited, forks, ends in the middle, or is built in an unusual way; linked, and as libpar.

use v5.32;
use warnings;

use Cwd     qw(abs_path);
use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

my $tree  = abs_path("$Bin/../..");
my $place = 'build/release/tests/torture';
tests::lib::Built::insist( qw(build/release/measure/launch lib/libpar.so lib/libpar-hardened.so lib/torture-library.so),
    map { "$place/limits-$_" } qw(par family) );

# Linked with the backend, or the C library's family with a library before it.
my %preloaded = ( par => undef, family => 'libpar.so', hardened => 'libpar-hardened.so' );
for my $way (qw(par family hardened)) {
    my $program = $preloaded{$way} ? 'limits-family' : 'limits-par';
    my $result  = measure::Launch::run(
        command => ["$tree/$place/$program"],
        wall_s  => 600,
        env     => {
            TORTURE_LIBRARY => "$tree/lib/torture-library.so",
            LD_PRELOAD      => $preloaded{$way} && "$tree/lib/$preloaded{$way}",
        },
    );
    my @cases = $result->{stdout} =~ /^((?:not )?ok \d+ - \w+)$/mg;
    for my $case (@cases) {
        my ( $good, $name ) = $case =~ /\A(not )?ok \d+ - (\w+)\z/;
        ok( !$good, "$way: " . $name =~ tr/_/ /r );
    }
    ok( measure::Launch::ok($result) && @cases > 10, "$way: all cases ran" )
      or diag measure::Launch::sentence($result), "\n", $result->{stdout}, $result->{stderr};
}

done_testing;

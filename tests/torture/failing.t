#!/usr/bin/env perl

# Every system call that par makes fails in turn, alone and with those of another kind that come next, in the linked backend and in
# its libraries: no block is lost or changed, a call gives NULL with ENOMEM or works, and all is well when the fault has gone. LONG=1
# tries every call, else a sample.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

my $tree  = "$Bin/../..";
my $place = 'build/release/tests/torture';
my $step  = $ENV{LONG} ? 1 : 200;
tests::lib::Built::insist(
    qw(build/release/measure/launch lib/libpar.so lib/libpar-hardened.so lib/libpar-checking.so lib/torture-faults.so),
    map { "$place/failing-$_" } qw(par hw08 family)
);

sub failing ( $name, $backend, $every, %env ) {
    my $result = measure::Launch::run(
        command => [ "$tree/$place/failing-$backend", $every, $backend eq 'hw08' ? 'anywhere' : () ],
        wall_s  => 7200,
        env     => \%env
    );
    ok( measure::Launch::ok($result), $name )
      or diag measure::Launch::sentence($result), "\n", $result->{stdout}, $result->{stderr};
    my @faults = $result->{stdout} =~ /(\d+) system calls failed/g;
    cmp_ok( $faults[0] // 0, '>', 100, '... of which a good number did fail' );
    note $result->{stdout};
    return $result;
}

failing( 'par survives system calls that fail', 'par', $step );
my $libpar =
  failing( '... and so does libpar', 'family', $step, LD_PRELOAD => "$tree/lib/torture-faults.so $tree/lib/libpar.so" );
like( $libpar->{stdout}, qr{\A\S*libpar[.]so$}m, '... which was asked and nobody else' );
failing( '... and so does the hardened library',
    'family', $step, LD_PRELOAD => "$tree/lib/torture-faults.so $tree/lib/libpar-hardened.so" );
failing( '... and so does the checking library',
    'family', $step, LD_PRELOAD => "$tree/lib/torture-faults.so $tree/lib/libpar-checking.so" );
failing( '... and so does hw08', 'hw08', 4 * $step );

done_testing;

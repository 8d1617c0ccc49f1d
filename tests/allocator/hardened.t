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
my %tools    = map { $_ => "build/release/tests/tools/$_" } qw(quarantine guards keys);
tests::lib::Built::insist( qw(HARDENED=1 BACKENDS=par), $suite );
tests::lib::Built::insist('lib/libpar-hardened.so');
make_path("$tree/build/release/tests/tools");
for my $tool ( sort keys %tools ) {
    my @command = ( 'gcc', qw(-std=c11 -D_GNU_SOURCE -O1 -fno-builtin -rdynamic -o), map { "$tree/$_" } $tools{$tool} );
    system( @command, "$tree/tests/tools/$tool.c" ) == 0 or BAIL_OUT("cannot build $tool");
}

sub run (%how) { return measure::Launch::run( launcher => $launcher, directory => $tree, wall_s => 900, %how ) }

my $result = run( command => [$suite], env => { VERBOSE => 1 } );
ok( measure::Launch::ok($result), 'the suite passes' )
  or diag measure::Launch::sentence($result), "\n", $result->{stdout}, $result->{stderr};

# Where the secret were the same, or were drawn too late, each process would do the same.
my %seen;
for ( 1 .. 4 ) {
    my $printed =
      run( command => [ $tools{quarantine} ], env => { LD_PRELOAD => "$tree/lib/libpar-hardened.so" } )->{stdout};
    like( $printed, qr/\A(?:(?:\d+|-) ){24}\n\z/, 'the order of blocks is told' );
    $seen{$printed} = 1;
}
is( scalar keys %seen, 4, 'blocks come back in another order in each process' );

my $in_front =
  run( command => [ $tools{guards}, 'front' ], env => { LD_PRELOAD => "$tree/lib/libpar-hardened.so" } );
like(
    $in_front->{stderr},
    qr/\Axfree\(0x\w+\): this pointer leads in front of a block\n\z/,
    'a pointer to the guard page is told'
) or diag measure::Launch::sentence($in_front);
my %preloaded = ( LD_PRELOAD => "$tree/lib/libpar-hardened.so" );
for my $case (
    [ 'guards',             'large blocks go on where no guard can be taken down' ],
    [ 'guards mapped',      '... and their memory cannot be unmapped either, so that it must serve nobody' ],
    [ 'guards mapped kept', '... nor be given up' ],
    [ 'keys',               'threads leave nothing behind where no key tells of their end' ],
  )
{
    my ( $what, $name ) = @$case;
    my ( $which, @how ) = split / /, $what;
    my $ended = run( command => [ $tools{$which}, @how ], env => \%preloaded );
    ok( measure::Launch::ok($ended), $name )
      or diag measure::Launch::sentence($ended), "\n", $ended->{stdout}, $ended->{stderr};
}

done_testing;

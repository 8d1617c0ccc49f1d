#!/usr/bin/env perl

# What par catches in the build that is timed: each misuse ends the process with one line that names call and pointer.

use v5.32;
use warnings;

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

my $tree    = "$Bin/../..";
my $program = 'build/release/tests/misuse-par';
tests::lib::Built::launcher();
tests::lib::Built::insist( 'BACKENDS=par', 'BACKEND=', $program );

my %caught = (
    'small-twice'              => 'xfree',
    'medium-twice'             => 'xfree',
    'large-twice'              => 'xfree',
    'small-twice-later'        => 'xfree',
    'medium-twice-later'       => 'xfree',
    'tiny-twice-after-thread'  => 'xfree',
    'small-twice-after-thread' => 'xfree',
    'freed-resize'             => 'xrealloc',
    'small-inside'             => 'xfree',
    'medium-inside'            => 'xfree',
    'large-inside'             => 'xfree',
    'foreign'                  => 'xfree',
    'foreign-resize'           => 'xrealloc',
);

for my $way ( sort keys %caught ) {
    my $result  = measure::Launch::run( command => [ "$tree/$program", $way ], wall_s => 300 );
    my $pointer = $result->{stdout} =~ s/\n\z//r;
    is( $result->{signal}, 6, "$way ends the process" ) or diag measure::Launch::sentence($result);
    like(
        $result->{stderr},
        qr/\A\Q$caught{$way}($pointer): \E[^\n]+\n\z/,
        '... with one line that names call and pointer'
    );
}
my $right = measure::Launch::run( command => [ "$tree/$program", 'none' ], wall_s => 300 );
is( $right->{exit}, 0, 'a program without misuse is left in peace' );

done_testing;

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

    # Blocks of pages: what lies behind their bytes, and the first line of those that are free.
    'medium-overrun-by-one'        => 'xfree',
    'large-overrun-by-one'         => 'xfree',
    'medium-overrun-by-one-resize' => 'xrealloc',
    'large-overrun-by-one-resize'  => 'xrealloc',
    'medium-overrun-shrunk'        => 'xfree',
    'large-overrun-shrunk'         => 'xfree',
    'medium-overrun-grown'         => 'xfree',
    'large-overrun-grown'          => 'xfree',
    'medium-string-end'            => 'xfree',
    'large-string-end'             => 'xfree',
    'medium-in-front'              => 'xfree',
    'medium-written-after-free'    => 'par',
    'large-written-after-free'     => 'par',
    'kept-overrun-by-one'          => 'xfree',
    'medium-filled-after-free'     => 'par',
    'large-filled-after-free'      => 'par',
    'kept-written-after-free'      => 'par',
    'medium-string-end-fresh'      => 'xfree',
    'large-string-end-fresh'       => 'xfree',
    'large-overrun-after-many'     => 'xfree',
);

for my $way ( sort keys %caught ) {
    my $result = measure::Launch::run( command => [ "$tree/$program", $way ], wall_s => 300 );
    my ($pointer) = $result->{stdout} =~ /(\S+)\n\z/;                                            # of some, the last one
    is( $result->{signal}, 6, "$way ends the process" ) or diag measure::Launch::sentence($result);
    like(
        $result->{stderr},
        qr/\A\Q$caught{$way}($pointer): \E[^\n]+\n\z/,
        '... with one line that names call and pointer'
    );
}
for my $way (qw(none none-pages none-medium-lost none-large-lost none-medium-given-up none-large-given-up)) {
    my $right = measure::Launch::run( command => [ "$tree/$program", $way ], wall_s => 300 );
    is( $right->{exit}, 0, "a program without misuse is left in peace ($way)" )
      or diag measure::Launch::sentence($right), "\n", $right->{stderr};
}

done_testing;

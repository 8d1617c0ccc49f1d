#!/usr/bin/env perl

# Ways to call make that people have: all of them build.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use lib "$Bin/../..";
use Test::More;

use tests::lib::Built;

my $tree = tests::lib::Built::tree();
my $work = File::Temp->newdir;
delete local @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS BUILD BIN BACKEND BACKENDS FLAVOUR)};   # ours, when make runs the tests

sub made (@words) {
    my $command = join q{ }, map { quotemeta } 'make', '--silent', '-C', $tree, "O=$work", @words;
    my $said    = qx($command 2>&1);
    return "$?$said";
}

for my $habit (qw(-j2 -B -k)) {
    is( made( $habit, 'BACKENDS=sys', 'PROGRAMS=list', 'programs' ), '0', "make $habit builds without a word" );
}
is( qx($work/bin/list-sys 1000), "Max steps is at 871: 178 steps\n", '... what answers' );

# A library of the user's that is gone: the loader says so in each program, which has nothing to do with a backend.
my @answers = ( "$tree/tests/tools/answers", qw(--backend sys --programs list --build), "$work/build" );
push @answers, '--bin', "$work/bin", '--launcher', tests::lib::Built::launcher();
my $line = join q{ }, map { quotemeta } @answers;
like(
    scalar qx(LD_PRELOAD=/nonexistent.so $line 2>&1),
    qr/^sys: all \d+ answers of the programs are right$/m,
    'a dead LD_PRELOAD is not blamed on a backend'
);

my $said = made( '-B', 'BACKENDS=sys', 'PROGRAMS=lisp', 'programs' );
like(
    $said,
    qr/^[1-9]\d*there is no program 'lisp': it would be the file lisp_main[.]c\n/,
    'a program that is not there is named'
);

done_testing();

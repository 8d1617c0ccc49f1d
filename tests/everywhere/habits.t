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
use tests::lib::Files qw(write_file);

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

# Other programs of the names of the compiler's tools come first in PATH, as those of busybox do.
mkdir "$work/first" or die $!;
for my $tool (qw(ar nm objcopy)) {
    write_file( "$work/first/$tool", "#!/bin/sh\necho '$tool: unrecognized option' >&2\nexit 1\n" );
    chmod 0755, "$work/first/$tool" or die $!;
}
{
    local $ENV{PATH} = "$work/first:$ENV{PATH}";
    is( made( 'BACKENDS=hw08', 'PROGRAMS=list', 'programs' ), '0', 'an ar that cannot write is passed over' );
}

# make try ends with the functions of the program that it has not with sys.
like(
    made( 'BACKEND=hw08', 'PROGRAMS=list', '-n', 'try' ),
    qr{ -o \S*gprof/bin/list-sys },
    'make try builds all that it looks at'
);

# make takes the second line for a line of its own.
my $broken = "$work/two\nlines";
system( 'mkdir', $broken ) == 0 && system( 'cp', '-R', "$tree/Makefile", "$tree/make", $broken ) == 0 or die;
is(
    scalar qx(make --silent -C "$broken" BACKENDS=sys programs 2>&1) =~ s/\A\S+:\d+: //r,
    "*** the path of this folder has a line break in it, which make cannot work with: rename it.  Stop.\n",
    'a line break in the path is one line'
);

is(
    scalar qx(umask 777; make --silent -C \Q$tree\E O=\Q$work\E BACKENDS=sys programs 2>&1) =~ s/\A\S+:\d+: //r,
    "*** umask 0777 takes from you what you write yourself: say umask 022 before make.  Stop.\n",
    'a umask that takes all is one line'
);

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

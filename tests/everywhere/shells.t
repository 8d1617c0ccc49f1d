#!/usr/bin/env perl

# What a shell does not let its programs have is not the fault of an allocator: addresses (ulimit -v), processes (ulimit -u), files
# that it may read (umask).

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

my $tree     = tests::lib::Built::tree();
my $launcher = tests::lib::Built::launcher();
my $work     = File::Temp->newdir;
chmod 0755, $work;

# What a shell with this limit prints of a command, on both outputs.
sub said ( $limit, @command ) {
    my $command = join q{ }, map { quotemeta } @command;
    return scalar qx(ulimit $limit && $command 2>&1);
}

# ---- Addresses -----------------------------------------------------------------------------------------------------------

my $NARROW = '-v 4000000';    # KiB
is(
    said( $NARROW, $^X, "$tree/test.pl", '--changed-kit', '--submission', $tree, '--tests', 'par.build' ),
'Bail out!  the grader cannot run: the shell lets a process have no more than 3906 MiB of addresses (ulimit -v), and what was '
      . "handed in may have more: ulimit -v unlimited, or another shell\n",
    'nobody is graded with less memory than he may have'
);

tests::lib::Built::insist('build/release/tests/suite-sys');
local $ENV{CK_RUN_CASE} = 'alignment';
like(
    said( '-v 200000', "$tree/build/release/tests/suite-sys" ),
    qr/returned NULL although there is memory; but the shell lets a process have 195 MiB of addresses \(ulimit -v\)$/m,
    'the suite says what the shell has taken'
);

# ---- Processes -----------------------------------------------------------------------------------------------------------

# A program that has not got its threads, and one that does not get them anywhere.
sub answers_of ($limit) {
    my @user =
      ( qw(setpriv --reuid 54321 --regid 54321 --clear-groups), 'bash', '-c', "ulimit $limit; exec \"\$@\"", 'sh' );
    return said( '-c 0', @user, "$tree/tests/tools/answers", qw(--backend own --programs list --build),
        $work, '--bin', $work, '--launcher', $launcher );
}

SKIP: {
    skip 'only root can be another user, whose processes nobody else has', 4 if $> != 0;
    skip 'the tree is closed to other users', 4
      if system( qw(setpriv --reuid 54321 --regid 54321 --clear-groups test -r), "$tree/test.pl" ) != 0;
    my $graded = said(
        '-c 0',
        qw(setpriv --reuid 54321 --regid 54321 --clear-groups sh -c),
        'umask 777; exec "$@"',
        'sh', $^X, "$tree/test.pl", qw(--tests par.bild)
    );
    like(
        $graded,
        qr/\ABail out!  --tests 'par[.]bild' fits no test; did you mean par[.]build/,
        'the grader works from the tree of another user, and with a umask that takes all'
    );

    my $answer =
'case $1 in -t) shift 2 ;; esac; case $1 in 2) n="1: 0" ;; 3) n="2: 1" ;; 100) n="97: 118" ;; 1000) n="871: 178" ;; '
      . '*) n="77031: 350" ;; esac; echo "Max steps is at $n steps"';
    my $refused = 'echo "list-own: thread 14 of 64 could not be started: Resource temporarily unavailable" >&2; exit 1';
    write_file( "$work/list-own", qq{#!/bin/sh\n[ "\$2" != 64 ] || { $refused; }\n$answer\n} );
    chmod 0755, "$work/list-own" or die $!;
    my $few = answers_of('-u 20');
    like(
        $few,
        qr/^own: not tried with 64 threads, which this user may not have at once: see ulimit -u$/m,
        'what a user may not have is not tried'
    );
    like( $few, qr/^own: all 8 answers of the programs are right$/m, '... and the rest is right' );
    like(
        answers_of('-u 1000'),
        qr/^own: .* -t 64 1000 .*: thread 14 of 64 could not be started: .*own: wrong answers of 1 programs$/ms,
        'who does not get the threads that others get has failed'
    );
}

done_testing();

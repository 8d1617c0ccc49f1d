#!/usr/bin/env perl

# test.pl on small trees made here: a stand-in program, linked with backends that each go wrong in one way. Every way must
# be caught and worded, must cost only its own test, and nothing may be left behind.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(basename dirname);
use File::Copy     qw(copy);
use File::Find     ();
use File::Path     qw(make_path);
use File::Temp     ();
use FindBin        qw($Bin);
use POSIX          qw(WNOHANG);
use Test::More;
use Time::HiRes qw(sleep time);

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;
use tests::lib::Files qw(read_file write_file);

my $launcher = tests::lib::Built::launcher();

my $GENEROUS_S = 900;
my $real       = "$Bin/../..";
my $folder     = File::Temp->newdir;
my $temporary  = "$folder/tmp";
mkdir $temporary or die $!;
chmod 0755, $folder, $temporary;    # what is graded runs as a user of its own

# ---- Making trees ----------------------------------------------------------------------------------------------------

# Answers like the real programs, one number after the other, with one block of the backend. What it prints for --digest depends on the nonce, and
# that is all.
my $STAND_IN = <<'END';
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xmalloc.h"


int main(int count, char** arguments) {
    long top = atol(arguments[count - 1]);
    int has_nonce = count > 2 && strcmp(arguments[1], "--digest") == 0;
    char nonce[40] = "";

    long* best = xmalloc(2 * sizeof *best);
    best[0] = 1;
    best[1] = 0;
    for (long n = 2; n < top; n++) {
        long steps = 0;
        for (long value = n; value != 1; steps++) value = value % 2 ? 3 * value + 1 : value / 2;
        if (steps > best[1]) {
            best[0] = n;
            best[1] = steps;
        }
    }
        printf("Max steps is at %ld: %ld steps\n", best[0], best[1]);
    fflush(stdout);
    if (has_nonce && fgets(nonce, sizeof nonce, stdin) == NULL) return 2;
    if (has_nonce) printf("Digest is %.16s over %ld sequences of %ld elements\n", nonce, top - 1, top);
    fflush(stdout);
    while (has_nonce && getchar() != EOF) continue;

    xfree(best);
    return 0;
}
END

my $RIGHT = read_file("$real/sys_alloc.c");

# A backend that works, and does something else before the program begins (or after it has ended).
sub misbehaving ( $code, $when = 'constructor' ) {
    return
"$RIGHT\n#include <fcntl.h>\n#include <signal.h>\n#include <stdio.h>\n#include <sys/syscall.h>\n#include <sys/wait.h>\n#include <time.h>\n#include <unistd.h>\n"
      . "__attribute__(($when)) static void misbehave(void) { $code }\n";
}

# Result: the path of a new tree with these backends (name => source) and the stand-in as each of these programs.
sub make_tree ( $name, $backends, @programs ) {
    my $tree = "$folder/$name";
    make_path("$tree/make");
    my @rules = map { 'make/' . basename($_) } glob "$real/make/*.mk";
    copy( "$real/$_", "$tree/$_" ) or die "$_: $!" for qw(Makefile xmalloc.h), @rules;
    write_file( "$tree/${_}_main.c",  $STAND_IN )       for @programs;
    write_file( "$tree/${_}_alloc.c", $backends->{$_} ) for keys %{$backends};
    return $tree;
}

# Every file of a tree with its time of change: two of these differ when anything was touched.
sub fingerprint ($tree) {
    my @found;
    File::Find::find( { no_chdir => 1, wanted => sub { push @found, "$_ " . ( stat $_ )[9] if -f } }, $tree );
    return join "\n", sort @found;
}

# ---- Running the grader ------------------------------------------------------------------------------------------------

# The grader's launcher, as `make kit` would have compiled it: it is not what most tests here are about. undef: the grader compiles it.
our $kit = "$folder/kit";
make_path("$kit/release");
system( 'cp', '-a', dirname($launcher), "$kit/release/measure" ) == 0 or BAIL_OUT('the launcher cannot be copied');

# Result: what measure::Launch::run gives, and tests => { first word of the name => { ok, text } }, text being the line and
# its diagnostics.
sub grade (@options) {
    my $result = measure::Launch::run(
        command       => [ $^X, "$real/test.pl", defined $kit ? ( '--kit', $kit ) : (), @options ],
        launcher      => $launcher,
        wall_s        => $GENEROUS_S,
        capture_bytes => 1024 * 1024,
        env           => { TMPDIR => $temporary, HARNESS_ACTIVE => undef, HARNESS_IS_VERBOSE => undef },
    );
    my $current;
    for my $line ( split /\n/, $result->{stdout} ) {
        if ( $line =~ /\A(not )?ok \d+ - ([\w-]+)/ ) {
            $current = $result->{tests}{$2} = { ok => !$1, text => q{} };
        }
        $current->{text} .= "$line\n" if $current;
    }
    return $result;
}

sub nothing_is_left ($after) {
    my @left = map { s{.*/}{}r } glob "$temporary/*";
    is( "@left", '', "no temporary file is left after $after" );
    return;
}

# ---- Tests -------------------------------------------------------------------------------------------------------------

subtest 'A tree that is right' => sub {
    my $tree   = make_tree( 'right', { sys => $RIGHT, hw08 => $RIGHT, par => $RIGHT }, qw(ivec list collatz) );
    my $before = fingerprint($tree);
    my $result = grade( '--tree', $tree, '--only', 'correctness', '--backends', 'sys,hw08,par' );
    is( $result->{exit},   0,  'passes' );
    is( $result->{strays}, 0,  'and leaves no process behind' );
    is( $result->{stderr}, '', '... is graded silently but for the TAP' );
    like( $result->{stdout}, qr/\A1\.\.9\n/, '... with a plan of one test for each binary' );
    is( scalar( () = $result->{stdout} =~ /^ok \d/mg ), 9, '... which all pass' );
    like( $result->{stdout},                  qr/^# 9 passed, 0 failed$/m,                  '... and are summed up' );
    like( $result->{tests}{'list-par'}{text}, qr/TOP 2, 3, (?=.*\b100000\b)(?=.*\b1000\b)/, 'it was asked fixed TOPs' );
    unlike( $result->{tests}{'list-hw08'}{text}, qr/\b\d{5}/, '... hw08 only small ones' );
    is( fingerprint($tree), $before, 'the tree is as it was' );
    nothing_is_left('a right tree');
};

# What goes wrong in each backend, and the words for it; the program is bin/list-NAME.
my %wrong = (
    nothing => [
        misbehaving('_exit(0);'),
        qr/ 2 printed nothing instead of 'Max steps is at 1: 0 steps'; to see it: make BACKENDS=nothing && /
    ],
    lies => [
        misbehaving('puts("Max steps is at 9: 19 steps"); fflush(stdout); _exit(0);'),
        qr/ 3 printed 'Max steps is at 9: 19 steps' instead of 'Max steps is at 2: 1 steps'; to see it: make /
    ],
    chatty => [ misbehaving('puts("hello");'), qr/ 3 printed 'hello\\nMax steps is at 2: 1 steps' instead of 'Max/ ],
    binary =>
      [ misbehaving('fputs("\\033[2J", stdout);'), qr/ 2 printed '\\x1b\[2JMax steps is at 1: 0 steps' instead/ ],
    grumbles => [
        misbehaving('fputs("careful\\n", stderr);'),
        qr/ 2 gave the right answer, but wrote to standard error: 'careful'/
    ],
    status =>
      [ misbehaving( 'fflush(stdout); _exit(3);', 'destructor' ), qr/ 100 ended with exit status 3; to see it/ ],
    crashes =>
      [ misbehaving('raise(SIGSEGV);'), qr/ 100 crashed with signal 11 \(segmentation fault\)[^;]*; to see it/ ],
    hangs => [
        misbehaving('for (int i = 0; i < 40; i++) sleep(1);'),
qr/ 2 was stopped: all its threads had been asleep for 5 s; to see it: .*\n# does a call take a lock .*\n# larger TOPs/
    ],
    spins => [
        misbehaving('for (volatile int i = 0;; i++) continue;'),
qr/ 2 was stopped after (?:6 s of CPU|15 s): it did not finish; to see it: .*\n# larger TOPs were not tried after that\n/
    ],
    floods => [
        misbehaving('for (int i = 0; i < 1000000; i++) puts("flood"); _exit(0);'),
        qr/ 100 printed more than 64 KiB and was stopped/
    ],
    leaves => [
        misbehaving(
'if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0) { syscall(SYS_setsid); close(1); close(2); sleep(40); _exit(0); }',
            'destructor'
        ),
qr/ \d+ (?:finished in \S+ s and left 1 process behind, which was stopped|started other processes and was stopped with them)/
    ],
    forks => [
        misbehaving(
'pid_t child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); if (child == 0) { sleep(40); _exit(0); } waitpid(child, 0, 0);'
        ),
        qr/ 100 started other processes and was stopped with them; .*\n# larger TOPs were not tried/
    ],
    syntax => [
        "$RIGHT\nint broken(void) { return 1 }\n",
qr/^# bin\/list-syntax was not built\n# syntax_alloc\.c does not compile\n# syntax_alloc\.c:\d+:\d+: error: expected/m
    ],
    unlinked => [ $RIGHT =~ s/\bxfree\b/other_free/gr, qr/ was not built\n# it does not define xfree\n/ ],
    missing  => [ undef, qr/ was not built\n# there is no missing_alloc[.]c in the submission/ ],
);

subtest 'Each fault is caught and worded, and costs its own test only' => sub {
    my %backends = ( sys => $RIGHT, map { $_ => $wrong{$_}[0] } grep { defined $wrong{$_}[0] } keys %wrong );
    my $tree     = make_tree( 'wrong', \%backends, 'list' );
    my $before   = fingerprint($tree);
    my @names    = ( sort( keys %wrong ), 'sys' );
    my $rubric   = "$folder/few-tops.conf";
    write_file( $rubric, '{ "tops": { "usual": [2, 3, 100, 1000] }, "drawn_tops": { "usual": [] } }' );
    my $result = grade(
        '--tree',     $tree,    '--only',    'correctness', '--programs', 'list',
        '--backends', "@names", '--timeout', 1,             '--rubric',   $rubric
    );
    is( $result->{exit},   1,  'the exit status says that something failed' );
    is( $result->{stderr}, '', 'nothing but TAP is printed' );

    for my $name ( sort keys %wrong ) {
        my $test = $result->{tests}{"list-$name"} // { ok => 'missing', text => $result->{stdout} };

        # Beside others it need not be told of one that computes.
        next if $name eq 'spins' && $test->{text} =~ /SKIP cannot tell: .* because others had the CPUs/;
        is( $test->{ok}, q{}, "a backend that goes wrong ('$name') fails" );
        like( $test->{text}, $wrong{$name}[1],         '... in words that say how' );
        like( $test->{text}, qr/^# bin\/list-$name /m, '... and name the program' );
    }
    is( scalar( () = $result->{tests}{'list-hangs'}{text} =~ /was stopped/g ),
        1, 'a program that hangs is not tried again' );
    ok( $result->{tests}{'list-sys'}{ok}, 'the right one among them passes' );
    is( $result->{strays},  0,       'no process is left' );
    is( fingerprint($tree), $before, 'the tree is as it was' );
    nothing_is_left('many faults');
};

subtest 'What prints at exit' => sub {
    my $counts = misbehaving( 'fputs("7 blocks\\n", stderr);', 'destructor' );
    my $tree   = make_tree( 'counts', { sys => $RIGHT, hw08 => $RIGHT, par => $counts }, 'list' );
    my $rubric = "$folder/silent.conf";
    my @few    = ( '--tree', $tree, '--only', 'correctness', '--backends', 'par', '--programs', 'list' );
    for my $is_silent ( 0, 1 ) {
        my $term = $is_silent ? 'true' : 'false';
        write_file( $rubric,
            qq({ "terms": { "silent": $term }, "tops": { "usual": [2, 3] }, "drawn_tops": { "usual": [] } }) );
        my $test = grade( @few, '--rubric', $rubric )->{tests}{'list-par'};
        is( !$test->{ok} || 0,
            $is_silent, $is_silent ? 'fails where silence was asked for' : 'passes where it was not' );
        my $words =
          $is_silent
          ? qr/ 2 gave the right answer, but wrote to standard error: '7 blocks'/
          : qr/^# bin\/list-par 2 wrote to standard error, which costs nothing under this rubric: '7 blocks'$/m;
        like( $test->{text}, $words, '... and that is told' );
        is( scalar( () = $test->{text} =~ /7 blocks/g ), 1, '... once, as a note' ) if !$is_silent;
    }
};

subtest 'A program that is missing' => sub {
    local $kit = undef;
    my $tree   = make_tree( 'no-list', { sys => $RIGHT }, qw(ivec collatz) );
    my $result = grade( '--tree', $tree, '--only', 'correctness', '--backends', 'sys' );
    is( $result->{exit}, 1, 'fails' );
    like(
        $result->{tests}{'list-sys'}{text},
        qr/^# bin\/list-sys was not built\n# .*there is no program 'list'/m,
        'is named'
    );
    ok( $result->{tests}{'ivec-sys'}{ok} && $result->{tests}{'collatz-sys'}{ok}, 'the others are graded' );
};

subtest 'A backend that breaks all programs gives its errors once' => sub {
    my $tree = make_tree( 'broken', { par => "not C at all\n" }, qw(ivec list) );
    my $result =
      grade( '--tree', $tree, '--backends', 'par', '--programs', 'ivec list', '--tests', 'par[.](answers|resize).*' );
    is( scalar( () = $result->{stdout} =~ /par_alloc\.c:1:1: error/g ), 1, 'with the first test' );
    like(
        $result->{tests}{'list-par'}{text},
        qr/was not built\n# the reason is given above/,
        'the second refers to it'
    );
};

subtest 'Speed' => sub {
    my $busy   = sub ($milliseconds) { misbehaving("while (clock() < $milliseconds * (CLOCKS_PER_SEC / 1000)) {}") };
    my $tree   = make_tree( 'speed', { sys => $busy->(450), par => $busy->(10) }, 'list' );
    my $result = grade( '--tree', $tree, '--backends', 'sys,par', '--programs', 'list', '--only', 'speed' );

    # Beside others it need not be told, however far it is.
    my $untold = $result->{stdout} =~ /the machine was contended/ ? qr/(?: # SKIP cannot tell: .*)?/ : qr//;
    is( $result->{exit}, $result->{stdout} =~ /# SKIP cannot tell/ ? 1 : 0, 'a backend that is faster passes' );
    like(
        $result->{stdout},
qr/\A1\.\.2\n(?:#.*\n)*ok 1 - list: par is faster than sys \(challenge\)$untold\n(?:#.*\n)*ok 2 - list: par .*\(bonus\)$untold\n/,
        '... both challenge and bonus'
    );
    like(
        $result->{stdout},
qr{^# list \d+, \d+ rounds, .*: par \d+\.\d+ s \+- [\d.]+, sys \d+\.\d+ s \+- [\d.]+; par/sys 0\.\d+ \(surely [\d.]+ to [\d.]+\), wanted below 1$}m,
        '... with times, spread, rounds and ratio'
    );

    my $broken = make_tree( 'speed-broken', { sys => $RIGHT, hw08 => $RIGHT, par => $wrong{lies}[0] }, 'list' );
    $result = grade( '--tree', $broken, '--programs', 'list', '--tests', 'par[.](answers|base|challenge)[.].*' );
    like(
        $result->{stdout},
        qr/^# not timed: bin\/list-par did not give every right answer, see above/m,
        'wrong answers are not timed'
    );
    is( $result->{exit}, 1, '... and fail' );
    nothing_is_left('timing');
};

subtest 'Seeds' => sub {
    my $tree   = make_tree( 'seeds', { sys => $RIGHT, par => $RIGHT }, 'list' );
    my $rubric = "$folder/drawn-tops.conf";
    write_file( $rubric, '{ "tops": { "usual": [2] }, "drawn_tops": { "usual": [[4, 9999], [10001, 120000]] } }' );
    my @quick   = ( '--tree', $tree, '--only', 'correctness', '--programs', 'list', '--rubric', $rubric );
    my @runs    = map { grade( @quick, '--backends', 'sys,par', @{$_} ) } [ '--seed', 7 ], [];
    my ($drawn) = $runs[1]{stdout} =~ /^# seed (\d+) /m;
    my $again   = grade( @quick, '--backends', 'par', '--seed', $drawn );
    is(
        $again->{tests}{'list-par'}{text} =~ s/.* - //r =~ s/^#.*//mgr,
        $runs[1]{tests}{'list-par'}{text} =~ s/.* - //r =~ s/^#.*//mgr,
        'the printed seed repeats the TOPs, also with other backends left out'
    );
    my @tops = map { $_->{tests}{'list-par'}{text} =~ /\((TOP [^)]*)\)/ } @runs;
    isnt( $tops[0], $tops[1], 'without one they are drawn anew' );
    isnt( ( map { $_->{text} =~ /\((TOP [^)]*)\)/ } @{ $runs[0]{tests} }{qw(list-sys list-par)} )[ 0, 1 ],
        'each binary has its own' );
};

subtest 'The harness' => sub {
    my $tree = make_tree( 'harness', { sys => $RIGHT, par => $wrong{lies}[0] }, 'list' );
    my @prove =
      ( command => [ 'prove', "$real/test.pl", '::', '--tree', $tree, qw(--only correctness --programs list) ] );
    my %common = ( launcher => $launcher, wall_s => $GENEROUS_S, env => { TMPDIR => $temporary } );
    local $ENV{HARNESS_IS_VERBOSE} = 0;
    my $good = measure::Launch::run( @prove[ 0, 1 ], %common, command => [ @{ $prove[1] }, '--backends', 'sys' ] );
    like( $good->{stdout}, qr/All tests successful\.\n.*\nResult: PASS/, 'prove accepts a right tree' );
    my $bad = measure::Launch::run( @prove[ 0, 1 ], %common, command => [ @{ $prove[1] }, '--backends', 'sys,par' ] );
    like( $bad->{stdout}, qr/Failed test:\s+2\n.*Result: FAIL/s, '... and sees what failed' );
    like( $bad->{stderr}, qr/^# bin\/list-par 2 printed 'Max/m,  '... and why, although it is not verbose' );
};

subtest 'The grader cannot run' => sub {
    my $tree    = make_tree( 'usual', { sys => $RIGHT }, 'list' );
    my %mistake = (
        'no such tree'  => [ [ '--tree', "$folder/none" ], qr/test\.pl: --tree \S+: there is no Makefile in it/ ],
        'unknown stage' => [
            [ '--only', 'beauty' ],
            qr/test\.pl: --only beauty: not one of build contract correctness deliverables speed work/
        ],
        'unknown option'  => [ ['--fast'],               qr/test\.pl: Unknown option: fast/ ],
        'stray argument'  => [ ['list'],                 qr/test\.pl: 'list' is not an option/ ],
        'odd backend'     => [ [ '--backends', 'a;b' ],  qr/test\.pl: --backends: 'a;b' is not a name/ ],
        'no backend'      => [ [ '--backends', ',' ],    qr/test\.pl: --backends: there is no name in it/ ],
        'no time at all'  => [ [ '--timeout', 0 ],       qr/test\.pl: --timeout 0: not a number of seconds over 0/ ],
        'one test of all' => [ [ '--one-test', 'some' ], qr/test\.pl: --one-test goes with --tests, and is no grade/ ],
        'seed of letters' => [ [ '--seed', 'x' ],        qr/test\.pl: Value "x" invalid for option seed/ ],
    );
    for my $name ( sort keys %mistake ) {
        my ( $options, $words ) = @{ $mistake{$name} };
        my $result = grade( @{$options} );
        is( $result->{exit}, 2, "$name: exit status 2" );
        like( $result->{stderr}, qr/\A$words[^\n]*\nUsage:/, '... one line that says what is wrong, and the usage' );
    }

    # As on a full disk.
    mkdir "$folder/full" or die $!;
    write_file( "$folder/full/cp",
"#!/bin/sh\nfor file in a b; do echo \"cp: error writing '\$file': No space left on device\" >&2; done\nexit 1\n"
    );
    chmod 0755, "$folder/full/cp";
    my $result = do { local $ENV{PATH} = "$folder/full:$ENV{PATH}"; grade( '--tree', $tree ) };
    is( $result->{stderr}, q{}, 'no room for its files: nothing but TAP' );
    like(
        $result->{stdout},
        qr/\ABail out!  the grader cannot run: .* could not be copied .*: No space left on device; set TMPDIR to a /,
        '... that says what to do'
    );

    local $kit = undef;
    local $ENV{CC} = 'no-such-compiler';
    $result = grade( '--tree', $tree );
    is( $result->{exit}, 2, 'no compiler: exit status 2' );
    like(
        $result->{stdout},
        qr/\ABail out!  the grader cannot run: make could not build its launcher .*no-such-compiler/,
        '... and TAP that says so'
    );
    delete $ENV{CC};

    local $ENV{PATH} = "$folder";
    $result = grade( '--tree', $tree );
    is( $result->{exit}, 2, 'no make: exit status 2' );
    like( $result->{stdout}, qr/\ABail out!  the grader cannot run: there is no make here/,
        '... and TAP that says so' );
    nothing_is_left('grading that could not begin');
};

# Whether a process is gone; one whose parent has gone may wait for a while until the first process of a busy machine takes note of
# its end.
sub has_ended ($pid) {
    open my $file, '<', "/proc/$pid/stat" or return 1;
    my $line = <$file> // return 1;
    close $file or return 1;
    return $line =~ /\) [ZX] /;
}

# Starts the grader on a tree with one backend, par; waits for a file of this name in its workspace that holds the pid of a
# process; sends it the signal. Nothing may then be left.
sub interrupt ( $signal, $tree, $file ) {
    my $pid = fork // die "fork: $!";
    if ( !$pid ) {
        $ENV{TMPDIR} = $temporary;
        open STDOUT, '>', "$folder/said" or die $!;
        exec $^X, "$real/test.pl", '--kit', $kit, '--tree', $tree, '--backends', 'par', '--programs', 'list',
          '--isolation', 'none';
    }
    my $deadline = time + $GENEROUS_S;
    my ( $started, $has_ended );
    until ( ($started) = grep { -s } glob("$temporary/*/$file") ) {
        last if time > $deadline || ( $has_ended = waitpid( $pid, WNOHANG ) == $pid );
        sleep 0.02;
    }
    ok( $started, 'the program runs' );
    return diag( 'the grader ended before that: ', read_file("$folder/said") ) if $has_ended;
    my $program = $started ? read_file($started) : $pid;
    kill $signal => $pid;
    sleep 0.005 while waitpid( $pid, WNOHANG ) == 0 && kill $signal => $pid; # who is impatient must not disturb the end
    is( $? >> 8, 2, "SIG$signal ends the grader" );
    like( read_file("$folder/said"), qr/^Bail out!  stopped by SIG$signal$/m, '... which says so' );
    ok( has_ended($program), '... with the program' );
    nothing_is_left("SIG$signal");
    return;
}

subtest 'Ctrl-C' => sub {
    my $marking = 'FILE* f = fopen("started", "w"); fprintf(f, "%d", (int)getpid()); fclose(f);';
    my $tree    = make_tree( 'endless', { par => misbehaving("$marking sleep(40);") }, 'list' );
    interrupt( $_, $tree, 'sandbox/tmp/started' ) for qw(INT TERM HUP);

    # A compiler that is killed leaves its temporary files, so these must be in the workspace too.
    my $slow = make_tree( 'slow-build', { par => $RIGHT } );
    write_file( "$slow/Makefile", "%:\n\t\@echo \$\$\$\$ >\$\$TMPDIR/compiling; sleep 40\n" );
    interrupt( 'INT', $slow, 'compiling' );
};

subtest 'A pipe that nobody reads' => sub {
    my $tree = make_tree( 'unread', { par => $RIGHT }, 'list' );
    local $ENV{TMPDIR} = $temporary;
    system qq{$^X "$real/test.pl" --tree "$tree" --only correctness --backends par 2>&1 | head -n 1 >/dev/null};
    my $until = time + $GENEROUS_S;
    sleep 0.1 while ( () = glob("$temporary/*") ) && time < $until;
    nothing_is_left('a pipe that was closed');
};

subtest 'This tree' => sub {
    my $result = grade( '--only', 'correctness', '--backends', 'par', $ENV{LONG} ? () : ( '--programs', 'list' ) );
    is( $result->{exit}, 0, 'the real program with the real backend passes' ) or diag $result->{stdout};
};

done_testing;

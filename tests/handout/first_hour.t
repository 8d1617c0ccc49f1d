#!/usr/bin/env perl

# A student's first hour, from the student kit as it is handed out: the stub, an allocator with a student's mistakes, one that
# is right but slow, and the reference. At each step the screen of `make test` and of `perl test.pl` must say which call broke
# which promise, with which values, and what to type next.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;
use tests::lib::Compiled;
use tests::lib::Files qw(read_file write_file);

my $tree     = "$Bin/../..";
my $launcher = tests::lib::Built::launcher();
my $folder   = File::Temp->newdir;
chmod 0755, $folder;    # what is graded runs as a user of its own
my $kit = "$folder/xmalloc";

my $ADDRESS = qr/0x[0-9a-f]+/;

# What the make that started us was told is not for those that we start.
my %CLEAN = map { $_ => undef } qw(MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL BACKEND BACKENDS FLAVOUR BUILD BIN PROMISES
  HARNESS_ACTIVE HARNESS_IS_VERBOSE);

sub run ( $directory, $environment, @command ) {
    return measure::Launch::run(
        command       => \@command,
        directory     => $directory,
        launcher      => $launcher,
        env           => { %CLEAN, %{$environment} },
        wall_s        => 900,
        capture_bytes => 1024 * 1024,
    );
}

# ---- What a student sees -----------------------------------------------------------------------------------------------

my $screen = q{};    # of the last command, standard output first
my $status;

sub type ( $environment, @command ) {
    my $result = run( $kit, $environment, @command );
    ( $screen, $status ) = ( $result->{stdout} . $result->{stderr}, $result->{exit} // -1 );
    note "\$ @command\n$screen";
    return;
}

# One behaviour each. On a failure the whole screen is shown once.
sub sees ( $pattern, $what ) {
    like( $screen, $pattern, $what );
    return;
}

sub make_test (%environment) { return type( \%environment, qw(make test BACKEND=par -j2) ) }

# Whatever is compiled already is not compiled again.
sub grader ($tests) { return type( {}, $^X, qw(test.pl --kit build --tests), $tests ) }

# The allocator of a student who has a lock and a list for each size, with some text changed.
my $right = read_file("$tree/tests/corpus/right/plain/par_alloc.c");

sub write_par (%changes) {
    my $source = $right;
    for my $from ( keys %changes ) {
        $source =~ s/\Q$from\E/$changes{$from}/ or die "plain/par_alloc.c no longer has '$from'";
    }
    write_file( "$kit/par_alloc.c", $source );
    return;
}

# ---- The hour ----------------------------------------------------------------------------------------------------------

my $packed = run( $tree, {}, 'handout/pack', 'handout', '--output', "$folder" );
measure::Launch::ok($packed) or BAIL_OUT("the student kit cannot be packed: $packed->{stderr}");
run( $folder, {}, qw(tar xzf handout.tar.gz) );
tests::lib::Compiled::lend($kit);    # `make everywhere` builds it from nothing

subtest 'The stub' => sub {
    make_test();
    is( $status, 2, 'make test BACKEND=par fails' );
    sees(
qr/^par: nothing was tested: par_alloc[.]c: xmalloc is not written yet: it is task 2 of ASSIGNMENT[.]md; then: make test BACKEND=par$/m,
        'nothing was tested, since there is something to write first: which call, where, what to type then'
    );
    cmp_ok( scalar( split /\n/, $screen ), '<=', 2, '... and that is all, but for what make says' );

    type( {}, 'make', 'suites', 'BACKENDS=par', 'build/release/measure/launch' );
    is( $status, 0, 'make test of all backends takes no stub for a failure of the suites' );
    sees( qr/^par: nothing was tested/m, '... but names it' );
    type( { BACKENDS => 'par', PROMISES => 'course' }, 'prove', '-v', 'tests/allocator/programs.t' );
    is( $status, 0, '... nor of the answers' );
    sees( qr/^ok 1 # skip par_alloc[.]c is not written yet: see ASSIGNMENT[.]md$/m, '... and names it again' );

    grader('par[.](?:build|answers[.]list|blocks|resize|valgrind)');
    is( $status, 1, 'the grader does not give full marks' );
    sees( qr/^ok \d+ - par compiles/m, '... it compiles' );
    sees( qr/^# bin\/list-par 2 ended with exit status 77: par_alloc[.]c: xmalloc is not written yet: it is task 2/m,
        '... the first answer says why there is none' );
    is( scalar( () = $screen =~ /bin\/list-par \d+ ended/g ), 1, '... and is asked for once' );
    sees( qr/^# not tried: par_alloc[.]c: xmalloc is not written yet\n# write it first$/m,
        '... the rest is not tried' );
};

subtest 'A crash in the first call' => sub {
    write_par( 'if (!group) {' => 'if (group) {' );
    make_test();
    is( $status, 2, 'make test BACKEND=par fails' );
    sees(
qr/^par: nothing was tested: the first call, xmalloc\(1\), crashed \(Segmentation fault\); in a debugger: CK_FORK=no /m,
        'says which call crashed, and how to see it'
    );
    my ($command) = $screen =~ /in a debugger: (CK_FORK=no.* gdb --args .*)$/m;
    type( {}, 'sh', '-c', ( $command // 'false' ) =~ s/gdb --args //r );
    sees( qr/crash \(Segmentation fault\) in xmalloc\(\d+\)/, '... and that does' );
};

subtest 'A resize that loses bytes' => sub {
    write_par( 'room < bytes ? room : bytes' => 'room < bytes ? room - 16 : bytes' );
    make_test( $ENV{LONG} ? () : ( CK_RUN_CASE => 'resize' ) );   # the whole suite computes for 50 s, and says the same
    is( $status, 2, 'make test BACKEND=par fails' );
    sees( qr/^par: xrealloc\($ADDRESS of \d+ bytes, \d+\) changed byte \d+ from 0x\w\w to 0x\w\w/m,
        'which call broke which promise, with which values' );
    sees( qr/^par: \d+ of \d+ tests failed$/m, 'how much is right' );
    my ($again) = $screen =~ /^to run this again:  (SEED=\d+ CK_RUN_CASE="[\w ]+" \S+ course)$/m;
    ok( defined $again, 'how to run it again' );
    sees( qr/^what it may be:     perl test[.]pl --tests 'par\[[.]\]\([\w|]*\bresize\b[\w|]*\)'$/m, 'and whom to ask' );
    unlike( $screen, qr/errno|aligned to 16/, 'nothing that the course does not ask' );

    type( {}, 'sh', '-c', $again // 'true' );
    is( $status, 1, 'it fails again' );
    sees( qr/changed byte \d+ from/,          '... in the same words' );
    sees( qr/^par: \d+ of \d tests failed$/m, '... and alone' );

    grader('par[.]resize');
    sees( qr/^not ok 1 - par: xrealloc keeps the content up to the smaller of the two sizes$/m,
        'the grader names the promise' );
    sees( qr/^# xrealloc\($ADDRESS of \d+ bytes, \d+\) changed byte \d+ from 0x/m, '... the call and the values' );
    sees( qr/^#     that was seen when testing that [\w ]+$/m,                     '... what was being tested' );
    sees( qr/^# xrealloc must copy the smaller of the old and the new number of bytes/m, '... and what to look at' );
    sees( qr{to see it again: make BACKENDS=par build/release/tests/suite-par && SEED=\d+ CK_RUN_CASE="resize" build/},
        '... and what to type' );
};

subtest 'Blocks that overlap' => sub {
    write_par( 'group->free = *group->free;' => '(void)block;' );    # it stays in the list
    make_test( CK_RUN_CASE => 'overlap', SEED => 1, CK_TIMEOUT_MULTIPLIER => '0.2' );
    is( $status, 2, 'make test BACKEND=par fails' );
    sees(
qr/^par: (?:xmalloc\(\d+\) returned $ADDRESS, which overlaps the live block $ADDRESS of \d+ bytes|the live block $ADDRESS of \d+ bytes was changed: byte \d+ was)/m,
        'which blocks, and where'
    );
    sees( qr/^what it may be:     perl test[.]pl --tests 'par\[[.]\]\(blocks\)'$/m, 'and whom to ask' );
};

subtest 'The homework without its lock' => sub {
    grader('hw08[.]tsan');    # it stops at the first race, before that can do any harm
    sees( qr/^# data race:\n# (?:previous )?\w+ of \d+ bytes by .* in \w+ \(hw08_alloc[.]c:\d+\)$/m,
        'it names the line of a race' );
    sees( qr/^# two threads use the same memory, .*; to see it again: make FLAVOUR=tsan BACKENDS=hw08 /m,
        '... and what to type' );
};

subtest 'The homework with one lock too many' => sub {
    my $source = read_file("$tree/hw08_alloc.c");
    $source =~ s/^(static void give_back.*\n)/static pthread_mutex_t second = PTHREAD_MUTEX_INITIALIZER;\n$1/m
      && $source =~ s/(static void give_back.*\n)/$1    pthread_mutex_lock(&second), pthread_mutex_unlock(&second);\n/
      or die 'hw08_alloc.c no longer has give_back';
    write_file( "$kit/hw08_alloc.c", $source );
    grader('hw08[.]one_lock');
    sees(
qr/^# 4 threads made \d+ calls and took 2 locks:\n(?:#     pthread_mutex_lock on '(?:heap|second)', \d+ times\n){2}/m,
        'the grader names both'
    );
    sees( qr/^# hw08 is one free list under one lock: all three calls must take that one; to see it again: make /m,
        '... and says what is wanted' );
};

subtest 'Right, but each call walks along a list' => sub {
    write_file( "$kit/par_alloc.c", read_file("$tree/hw08_alloc.c") );
    make_test( CK_RUN_CASE => 'sizes', RUN_S => 2 );
    is( $status, 2, 'make test BACKEND=par fails' );
    sees( qr/^par: 100%: Checks: \d+, Failures: 0, Errors: 0$/m, '... though all checks hold' );
    sees(
qr/^par: bin\/list-par 100000 was stopped after 2 s: it did not finish[.] It was right at 1000, so it may be too slow: make gprof PROG=list BACKEND=par$/m,
        'says that it is too slow, not wrong, and what to type to see where'
    );
};

subtest 'Right, with one lock, and no more than the course asks' => sub {
    write_par();

    # make corpus grades it whole.
    type( $ENV{LONG} ? {} : { CK_RUN_CASE => 'overlap' }, qw(make suites BACKEND=par -j2) );
    is( $status, 0, 'the suite passes' );
    sees( qr/\Apar: 100%: Checks: \d+, Failures: 0, Errors: 0\n\z/, '... and says nothing else' );
};

subtest 'The reference' => sub {
    for my $path ( map { substr $_, length "$tree/" } glob "$tree/par_alloc.c $tree/par/*.[ch]" ) {
        mkdir "$kit/par";
        write_file( "$kit/$path", read_file("$tree/$path") );
    }
    make_test( CK_RUN_CASE => 'resize' );    # handout.t grades it
    is( $status, 0, 'make test BACKEND=par passes' );
    sees( qr/^par: all \d+ answers of the programs are right$/m,  '... also the answers' );
    sees( qr/^par is right[.] Is it fast: make try BACKEND=par/m, '... and says what to type next' );
};

done_testing;

#!/usr/bin/env perl

# The screen of make test for each bug that students write first: the line that names the fault comes first, and all fits on
# one screen. `make screens` shows the whole suite's; here each runs the test case that sees the bug,
# or its first test that does.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use POSIX      ();
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;
use tests::lib::Classic;
use tests::lib::Compiled;
use tests::lib::Files qw(write_file);

my $tree       = "$Bin/../..";
my $launcher   = tests::lib::Built::launcher();
my $folder     = File::Temp->newdir;
my $kit        = "$folder/xmalloc";
my $MOST_LINES = 40;                                 # a finding of 20 printed lines among them
my $JARGON     = qr/\b[\w\/]+[.][ch]:\d+:[EFSP]:/;

my %CLEAN = map { $_ => undef }
  qw(MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL BACKEND BACKENDS FLAVOUR BUILD BIN PROMISES VERBOSE CK_RUN_CASE SEED);

sub run ( $directory, $environment, @command ) {
    my $result = measure::Launch::run(
        command       => \@command,
        directory     => $directory,
        launcher      => $launcher,
        env           => { %CLEAN, %{$environment} },
        wall_s        => 900,
        capture_bytes => 1024 * 1024,
    );
    return ( $result->{stdout} . $result->{stderr}, $result->{exit} // -1 );
}

my ( $words, $status ) = run( $tree, {}, 'handout/pack', 'handout', '--output', "$folder" );
BAIL_OUT("the student kit cannot be packed: $words") if $status != 0;
run( $folder, {}, qw(tar xzf handout.tar.gz) );
tests::lib::Compiled::lend($kit);
open my $file, '<', "$kit/hw08_alloc.c" or die "$kit/hw08_alloc.c: $!";
my $starter = join q{}, <$file>;
close $file or die $!;

# A bug in the starter or in the lock around it would be found instead.
sub test_of ( $backend, %environment ) {
    return run( $kit, \%environment, qw(make -j2 test), "BACKEND=$backend" );
}

for my $bug ( tests::lib::Classic::bugs() ) {
    subtest $bug->{bug} => sub {
        my $backend = $bug->{backend} // 'hw08';
        write_file( "$kit/hw08_alloc.c", tests::lib::Classic::source( $bug, $starter ) ) if !defined $bug->{backend};
        my ( $screen, $failed ) = test_of(
            $backend,
            defined $bug->{case} ? ( CK_RUN_CASE => $bug->{case} ) : (),
            defined $bug->{test} ? ( RUN_TEST    => $bug->{test} ) : ()
        );
        is( $failed, 2, 'make test fails' );
        my @lines   = split /\n/, $screen;
        my ($first) = grep { $lines[$_] =~ $bug->{useful} } 0 .. $#lines;
        is( $first, 0, 'the first line is the one that helps' ) or diag $screen;
        cmp_ok( scalar @lines, '<=', $MOST_LINES, 'all fits on a screen' );
        unlike( $screen, $JARGON, 'no words of Check' );
    };
}

# The bug is seen as memory that a resized block leaves, as threads that take blocks with them, and in the longer tests of
# what passes between threads.
subtest 'Each kind is told when it is found, and the longer tests of all topics come last' => sub {
    my ($bug) = grep { $_->{name} eq 'threadcache' } tests::lib::Classic::bugs();
    write_file( "$kit/hw08_alloc.c", tests::lib::Classic::source( $bug, $starter ) );
    run( $kit, {}, qw(make --silent build/release/tests/suite-hw08) );
    delete local @ENV{ keys %CLEAN };
    my $pid = open my $suite, '-|', "$kit/build/release/tests/suite-hw08", 'course-hw08' or die "no suite: $!\n";
    my @lines;
    while ( my $line = <$suite> ) {
        push @lines, $line;
        last if $line =~ /the memory of an ended thread must be reused/;
    }
    cmp_ok( scalar @lines, '>', 1, 'the second kind is told after the first' );
    like( $lines[-1], qr/must be reused/, 'it is the one of ended threads' );
    is( waitpid( $pid, POSIX::WNOHANG ), 0, 'while the suite goes on' );
    unlike(
        "@lines",
        qr/by one thread and (?:freed|resized) by another/,
        'before the longer tests of the topic before'
    );
    kill 'KILL', $pid;
    close $suite;
};

subtest 'Without a bug' => sub {
    write_file( "$kit/hw08_alloc.c", tests::lib::Classic::locked($starter) );
    my ( $screen, $failed ) = test_of( 'hw08', CK_RUN_CASE => 'resize' );
    is( $failed, 0, 'make test passes' ) or diag $screen;
    like( $screen, qr/^hw08: all \d+ answers of the programs are right$/m, 'also the answers' );
};

subtest 'A crash of a program names the call' => sub {
    my $source = tests::lib::Classic::locked($starter);
    $source =~ s/void xfree\(void\* user\) \{\n/$&    static int calls;\n    if (calls++ == 5) user = (void*)1;\n/;
    write_file( "$kit/hw08_alloc.c", $source );
    run( $kit, {}, qw(make --silent programs BACKEND=hw08) );
    my ($screen) = run(
        $kit, {},
        qw(tests/tools/answers --backend hw08 --programs list --build build --bin bin --launcher),
        'build/release/measure/launch'
    );
    like(
        $screen,
        qr/^hw08: bin\/list-hw08 \d+ ended: crash \(\w+[\w ]*\) in xfree\(0x[0-9a-f]+\)$/m,
        'with its argument'
    );
};

subtest 'A backend that is not there' => sub {
    my ( $screen, $failed ) = test_of('mine');
    is( $failed,            2, 'make test fails' );
    is( $screen =~ tr/\n//, 1, 'one line' );
    like( $screen, qr/there is no backend 'mine': it would be the file mine_alloc[.]c; there are: /, 'which says so' );
};

# Root can write nearly anywhere, but not into a file.
subtest 'A place that nobody can write to' => sub {
    my ( $screen, $failed ) = run( $kit, {}, qw(make test BACKEND=hw08 BUILD=README.md/build) );
    is( $failed,            2, 'make fails' );
    is( $screen =~ tr/\n//, 1, 'one line' );
    like( $screen, qr{say where to build: make test BACKEND=hw08 O=/tmp/xmalloc}, 'which says what to set' );
};

done_testing;

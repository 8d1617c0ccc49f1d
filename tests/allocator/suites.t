#!/usr/bin/perl
# suites.t: each backend of tests/broken has one bug. The suite has to find it and to name the promise that it breaks. What
# is no bug must pass.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use FindBin        qw($Bin);
use Test::More;

use lib "$Bin/../..";
use tests::lib::Broken;
use tests::lib::Built;

my $build      = $ENV{BUILD} // 'build';
my $time_limit = 900;                      # seconds for one suite with one test case, on a busy machine
my $address    = qr/0x[0-9a-f]+/;

# Backend, test case, what the suite has to say, and the description of this test. `traits`: the backend whose promises
# are asked of it, if not those of an unknown one. `patience`: the part of its time limit that a test which may hang gets.
# `tries`: how often at most, where two threads must meet by chance.
my @bugs = (
    {
        backend => 'overlap',
        case    => 'overlap',
        says => qr/xmalloc\(33\) returned $address, which overlaps the live block $address of 33 bytes taken earlier/,
        bug  => 'blocks of one size that overlap',
    },
    {
        backend => 'misaligned',
        case    => 'alignment',
        says    => qr/xmalloc\(56\) returned $address, which is not aligned to 16 bytes: it is 8 past a multiple of 16/,
        bug     => 'blocks of one size that are aligned to 8 bytes only',
    },
    {
        backend => 'shortblock',
        case    => 'sizes',
        says    => qr/:sizes:every_size_from_0_to_70000\w+:0: (?:the live block .* was changed|.*Received signal)/,
        bug     => 'large blocks that are a page shorter than asked for',
    },
    {
        backend  => 'nolock',
        case     => 'threads',
        says     => qr/:threads:\w+:0: (?:the live block|xmalloc|xrealloc|.*Received signal|.*Test timeout expired)/,
        bug      => 'threads without a lock',
        patience => 0.2,
    },
    {
        backend => 'aba',
        case    => 'threads',
        says    => $tests::lib::Broken::CAN_STEP
        ? qr/put_aside_in_a_call\w+:0: the live block .* was handed out a second time, to both threads: one thread was put aside/
        : qr/threads_that_free_in_another_order\w+:0: (?:the live block|.*Received signal|crash)/,
        bug    => 'a list without a lock that takes a block for the one it was',
        traits => 'course',
        tries  => $tests::lib::Broken::CAN_STEP ? 1 : 5,
    },
    {
        backend => 'tampers',
        case    => 'sizes',
        says    => qr/the tests were tampered with: of \d+, 9 ended, \d+ were left out, 2 hung/,
        bug     => 'what tests have noted is written over',
    },
    {
        backend => 'lostcontent',
        case    => 'resize',
        says    => qr/xrealloc\($address of \d+ bytes, \d+\) changed byte \d+ from 0x\w\w to 0x\w\w/,
        bug     => 'content that is lost when a block moves',
    },
    {
        backend => 'lostmegabytes',
        case    => 'resize',
        traits  => 'course',
        says    => qr/xrealloc\($address of \d{8} bytes, \d{8}\) lost content: the 8 bytes at position \d{8} were/,
        bug     => 'content beyond ten megabytes that is lost when a block moves',
    },
    {
        backend => 'copies32',
        case    => 'large',
        traits  => 'course',
        says    => qr/xrealloc\($address of 429\d{7} bytes, 8388608\) lost content: the 8 bytes at position \d+ were/,
        bug     => 'content that is lost when a block of more than 4 GiB shrinks',
    },
    {
        backend => 'overread',
        case    => 'resize',
        says    =>
qr/growing_a_small_block\w+: crash \(.*\) in xrealloc\($address of 1 bytes, 268435456\), at byte \d+ of that block, which has 1/,
        bug => 'a copy of more bytes than the old block has',
    },
    {
        backend => 'leak',
        case    => 'reuse',
        says    =>
qr/a block of \d+ to \d+ bytes was taken and freed \d+ times, and the address space .* freed memory is not reused/,
        bug => 'blocks that are never freed',
    },
    {
        backend => 'leakmove',
        case    => 'reuse',
        says    => qr/was taken, resized and freed \d+ times, and the address space .* freed memory is not reused/,
        bug     => 'old blocks that are not freed after a move',
    },
    {
        backend => 'leakzero',
        case    => 'reuse',
        says    => qr/a block was resized to 0 \d+ times, and the address space .* freed memory is not reused/,
        bug     => 'blocks that are not freed by a resize to 0',
    },
    {
        backend => 'foreign',
        case    => 'reuse',
        says    => qr/taken by one thread and freed by another \d+ times, .* freed memory is not reused/,
        bug     => 'blocks that are lost when another thread frees them',
    },
    {
        backend => 'contended',
        case    => 'reuse',
        says    =>
qr/4 threads took and freed blocks of 16 to 511 bytes at the same time, .* grew by \d+ KiB .*: blocks that are freed while threads contend/,
        bug      => 'blocks that are lost when threads contend for a lock',
        patience => 3,    # threads that wait for a lock, on a machine that others use
    },
    {
        backend => 'neverfrees',
        case    => 'mappings',
        traits  => 'course',
        says => qr/memory that was all free was not used again: .* grown by \d+ KiB \(at most 53248 KiB are accepted\)/,
        bug  => 'memory that is not used again when all of it is free',
    },
    {
        backend => 'keepskinds',
        case    => 'mappings',
        traits  => 'course',
        says    =>
          qr/blocks_of_a_size_of_each_kind:0: memory that was all free was not used again: .* in blocks of another/,
        bug => 'memory of some sizes that serves no other',
    },
    {
        backend => 'sleepyowner',
        case    => 'mappings',
        traits  => 'course',
        says    => qr/freed by another thread, while the one that took them slept, .* had grown by \d+ KiB/,
        bug     => 'freed blocks that wait for the thread that took them',
    },
    {
        backend => 'pageeach',
        case    => 'mappings',
        traits  => 'course',
        says    =>
qr/:0: blocks are too large: 18641 blocks of 900 bytes took \d{4} bytes of memory each, .* when all .* were free/,
        bug => 'a size that takes too much, of which no memory is lost',
    },
    {
        backend => 'wholechunks',
        case    => 'reuse',
        traits  => 'course',
        says    => qr/one in 50 was kept and the others were freed, .* freed between live blocks was not reused/,
        bug     => 'freed blocks that serve again only when all others of their chunk are free',
    },
    {
        backend => 'shortunmap',
        case    => 'reuse',
        traits  => 'course',
        says    => qr/only its ends were written: .* so a part of the block is not given back each time/,
        bug     => 'a page of each block of megabytes that stays mapped',
    },
    {
        backend => 'keepslast',
        case    => 'mappings',
        traits  => 'course',
        says    => qr/freed by another thread in each round .* with blocks of 25165824 bytes, the process had grown by/,
        bug     => 'a large block that each thread keeps, however large',
    },
    {
        backend => 'tenthousand',
        case    => 'large',
        traits  => 'course',
        says    => qr/xmalloc\(40960\) returned NULL when 390 MiB were live, although there is memory/,
        bug     => 'a table of large blocks that becomes full',
    },
    {
        backend => 'guarded',
        case    => 'large',
        traits  => 'course',
        says    =>
qr/xmalloc\(1000\) returned NULL when \d+ MiB were live, because the process has \d+ mappings, and the kernel allows/,
        bug => 'two mappings for each block',
    },
    {
        backend => 'unguarded',
        case    => 'large',
        traits  => 'course',
        says    =>
qr/crash \(\w.*\) in xmalloc\(1000\): it used a pointer that was NULL or MAP_FAILED; the process has \d+ mappings, and the kernel allows \d+ /,
        bug => 'two mappings for each block, and no look at whether there is another',
    },
    {
        backend => 'twogigabytes',
        case    => 'large',
        traits  => 'course',
        says    => qr/xmalloc\(8000\) returned NULL when \d{4} MiB were live, although there is memory/,
        bug     => 'a map of pages that ends at two gigabytes',
    },
    {
        backend => 'lower32',
        case    => 'large',
        traits  => 'course',
        says    => qr/four_gigabytes_apart\w+:0: (?:the live block|xrealloc|.*Received signal|crash)/,
        bug     => 'what is noted by the lower 32 bits of an address',
    },
    {
        backend => 'onesize',
        case    => 'sizes',
        traits  => 'course',
        says    => qr/every_size_from_5000\w+:0: (?:the live block|.*Received signal|crash)/,
        bug     => 'one size, no round number, of which a byte lacks',
    },
    {
        backend => 'lostheader',
        case    => 'sizes',
        traits  => 'course',
        says    => qr/borders_of_many_megabytes\w+:0: (?:the live block|.*Received signal|crash)/,
        bug     => 'a header that is forgotten where sizes are rounded to megabytes',
    },
    {
        backend => 'byslot',
        case    => 'threads',
        traits  => 'course',
        says    => qr/while_thousands_come_and_go\w+:0: (?:the live block|.*Received signal|crash)/,
        bug     => 'a shelf without a lock that an old thread shares with a young one',
        tries   => 3,
    },
    {
        backend => 'bothorders',
        case    => 'threads',
        traits  => 'course',
        says    => qr/it hangs: all threads .* asleep .* two locks in different orders/,
        bug     => 'two locks in both orders, where a block is freed by another thread',
        tries   => 8,
    },
    {
        backend => 'eightmegabytes',
        case    => 'threads',
        traits  => 'course',
        says    => qr/in_a_hurry\w+:4: (?:the live block|.*Received signal|crash)/,
        bug     => 'a cache of blocks of many megabytes without a lock',
        tries   => 10,
    },
    {
        backend => 'keepslarge',
        case    => 'mappings',
        traits  => 'course',
        says    => qr/then 4 of \d+ bytes taken and kept, .* so the small blocks keep memory of the large ones/,
        bug     => 'large blocks that serve small requests with all of their memory',
    },
    {
        backend => 'intcopy',
        case    => 'large',
        traits  => 'course',
        says    => qr/a_block_of_two_gigabytes\w+:0: (?:xrealloc|.*Received signal|crash)/,
        bug     => 'an int that counts what is copied',
    },
    {
        backend => 'latecache',
        case    => 'thread exit',
        traits  => 'course',
        says    => qr/in_its_last_destructors_are_reused:0: the memory of the process grew by/,
        bug     => 'a cache that is filled again after its thread has emptied it',
    },
    {
        backend => 'exitone',
        case    => 'thread exit',
        says    => qr/lose_no_block_of_any_size:0: the memory of the process grew by .* with 36 blocks that were freed/,
        bug     => 'a block of one kind that is lost when a thread ends',
    },
    {
        backend => 'sixteen',
        case    => 'threads',
        traits  => 'course',
        says    =>
          qr/the live block 0x\w+ of \d+ bytes (?:belongs to two threads|was handed out a second time|was changed)/,
        bug   => 'shelves without a lock that are each for one thread, while there are few',
        tries => 3,
    },
    {
        backend => 'lastwords',
        case    => 'thread exit',
        traits  => 'course',
        says    => qr/in_its_last_destructors_are_reused: crash .* in xfree\(0x\w+ of \d+ bytes\)/,
        bug     => 'a cache that is used after its thread has ended it',
    },
    {
        backend => 'onein65536',
        case    => 'reuse',
        traits  => 'course',
        says    =>
          qr/in each of 3 times \d+ blocks the process grew, .*: about one block in \d{5} is lost when it is freed/,
        bug => 'one block in 65,536 that is lost',
    },
    {
        backend => 'leakpage',
        case    => 'reuse',
        traits  => 'course',
        says    =>
qr/one thread alone took and freed blocks of \d+ to \d+ bytes, .* grew by \d+ KiB .*: freed blocks of these sizes are not reused/,
        bug => 'a page of each large block that is lost, which contention is not blamed for',
    },
    {
        backend => 'leaklarge',
        case    => 'reuse',
        says    => qr/a block of (?:4096|8192|16384) to \d+ bytes was taken, resized and freed \d+ times/,
        bug     => 'large old blocks that are not freed after a move',
    },
    {
        backend => 'foreignmid',
        case    => 'reuse',
        says    => qr/a block of (?:512|1024) to \d+ bytes was taken by one thread and freed by another \d+ times/,
        bug     => 'blocks of some sizes that are lost when another thread frees them',
    },
    {
        backend => 'foreignmove',
        case    => 'reuse',
        says    => qr/a block of \d+ to \d+ bytes was taken by one thread and resized by another \d+ times/,
        bug     => 'old blocks that are lost when another thread resizes them',
    },
    {
        backend => 'busymid',
        case    => 'reuse',
        says    =>
          qr/4 threads took and freed blocks of \d+ to \d+ bytes at the same time, .* freed while threads contend/,
        bug => 'blocks of some sizes that are lost when threads contend for a lock',
    },
    {
        backend => 'exitmid',
        case    => 'thread exit',
        says    => qr/memory of the process grew by .* the memory of an ended thread must be reused/,
        bug     => 'free blocks of some sizes that are lost when a thread ends',
    },
    {
        backend => 'threadtable',
        case    => 'thread exit',
        says    => qr/five_thousand_threads_may_come_and_go\w+:0: xmalloc\(\d+\) returned NULL although/,
        bug     => 'a table of threads that becomes full',
    },
    {
        backend => 'exitlock',
        case    => 'thread exit',
        says    => qr/it hangs: all threads have been asleep for 5 s, and none is in a call.* does a key destructor/,
        bug     => 'a lock that is taken twice when a thread ends',
    },
    {
        backend => 'exitspin',
        case    => 'thread exit',
        says    =>
          qr/it hangs: a thread has done its work, and after 10 s of CPU time it has not ended.* does a key destructor/,
        bug      => 'a key destructor without an end',
        patience => 0.2,
    },
    {
        backend => 'atexitlock',
        case    => 'overlap',
        says    => qr/it hangs: all threads have been asleep for 5 s, and none is in a call.* does a key destructor/,
        bug     => 'a lock that is taken twice when the process ends',
    },
    {
        backend => 'sweeps',
        case    => 'process end',
        says    =>
          qr/until_the_process_has_ended: crash .*: byte \d+ of the live block $address of \d+ bytes cannot be used/,
        bug => 'live blocks that are taken away when the process ends',
    },
    {
        backend => 'purges',
        case    => 'overlap',
        traits  => 'course',
        says    =>
qr/the live block $address of \d+ bytes was changed: byte \d+ was 0x\w+ and is 0, like the next \d+. Was a page/,
        bug => 'pages of a live block that go back to the system',
    },
    {
        backend => 'roundlimit',
        case    => 'sizes',
        says    => qr/the live block $address of \d+ bytes was changed near its|crash \(/,
        bug     => 'a block that is too short at a round number',
    },
    {
        backend => 'largecache',
        case    => 'threads',
        traits  => 'course',
        says    => qr/belongs to two threads|handed out a second time|crash \(|was changed/,
        bug     => 'a cache of large blocks without a lock',
        tries   => 3,
    },
    {
        backend => 'selflock',
        case    => 'resize',
        says    =>
qr/it hangs: all threads have been asleep for 5 s, in xrealloc\($address of \d+ bytes, \d+\); does a call take a lock/,
        bug => 'a call that takes a lock which it already holds',
    },
    {
        backend => 'ring',
        case    => 'errno',
        says    =>
          qr/it hangs: after 10 s of CPU time there is no way back from xfree\($address of \d+ bytes\); does it walk/,
        bug      => 'a call that walks without end',
        patience => 0.2,
    },
    {
        backend => 'crossed',
        case    => 'threads',
        says => qr/it hangs: after 10 s of CPU time there is no way back from xrealloc\(.*; do two spin locks wait for/,
        bug  => 'two spin locks that are taken in either order',
        patience => 0.2,
        tries    => 4,
    },
    {
        backend => 'threadloss',
        case    => 'thread exit',
        says    => qr/memory of the process grew by .* the memory of an ended thread must be reused/,
        bug     => 'free blocks that are lost when a thread ends',
    },
    {
        backend => 'errno',
        case    => 'errno',
        says    => qr/xfree\($address of 4096 bytes\) changed errno from 0 to 22 \(Invalid argument\)/,
        bug     => 'a free that changes errno',
    },
    {
        backend => 'noenomem',
        case    => 'huge sizes',
        says    => qr/xmalloc\(18446744073709551615\) returned NULL with errno 0 \(Success\) instead of 12 /,
        bug     => 'a refusal without errno',
    },
    {
        backend => 'wraparound',
        case    => 'huge sizes',
        says => qr/xmalloc\(18446744073709551615\) returned $address instead of NULL: no machine has that much memory/,
        bug  => 'a size that wraps around when it is rounded up',
    },
    {
        backend => 'wraparound',
        case    => 'out of memory',
        traits  => 'course',
        says => qr/xmalloc\(18446744073709551615\) returned $address instead of NULL: no machine has that much memory/,
        bug  => 'the same where no memory is the topic',
    },
    {
        backend => 'lostblock',
        case    => 'huge sizes',
        says    => qr/xmalloc\(0\) returned $address, which overlaps the live block $address of 0 bytes taken earlier/,
        bug     => 'a block that is freed by a resize that fails',
    },
    {
        backend => 'keepslock',
        case    => 'huge sizes',
        says    =>
qr/:the_heap_is_usable_after_refusals:0: it hangs: all threads .*, in xmalloc\(\d+\); does a call take a lock/,
        bug      => 'a lock that is held after a refusal, so that the next call hangs',
        patience => 0.05,
    },
    {
        backend => 'nullresize',
        case    => 'null and zero',
        says    => qr/resizing_null_takes_a_block: crash \(Segmentation fault\) in xrealloc\(NULL, 1\)/,
        bug     => 'a crash in the resize of NULL',
    },
    {
        backend => 'zeronull',
        case    => 'null and zero',
        says    => qr/xmalloc\(0\) returned NULL although there is memory/,
        bug     => 'NULL for a block of 0 bytes',
    },
    {
        backend => 'oomcrash',
        case    => 'out of memory',
        says    =>
qr/when_memory_runs_out\w+: crash \(Segmentation fault\) in xmalloc\(64\): it used a pointer that was NULL or MAP_FAILED/,
        bug => 'a crash when memory runs out',
    },

    # These promise more than they hold. A name that the suite does not know promises what will be asked of par.
    {
        backend => 'leak',
        case    => 'small space',
        says => qr/xmalloc\(9437184\) returned NULL in an address space of 16 MiB, in round 1, after all mixed blocks/,
        bug  => 'freed memory that fills up a small address space',
    },
    {
        backend => 'leak',
        case    => 'peak',
        traits  => 'par',
        says    => qr/were taken in small blocks and freed, but \d+ MiB of them are still in memory/,
        bug     => 'memory that does not come back after a peak',
    },
    {
        backend => 'hw08',
        case    => 'reuse',
        traits  => 'par',
        says    => qr/the address space has grown by \d+ MiB, so the freed memory was not used for the other size/,
        bug     => 'freed memory that serves blocks of its old size only',
    },
);

# What a program prints on both of its outputs, and its exit status. Ends it when the time limit is over: by TERM, on
# which Check ends the test that hangs, too.
sub run_program ( $environment, @command ) {
    my $pid = open( my $output, '-|' ) // die "cannot start $command[0]: $!\n";
    if ( $pid == 0 ) {
        setpgrp;    # Check passes the signal on to its whole group, which must not be ours
        open STDERR, '>&', \*STDOUT or die "cannot redirect: $!\n";
        local @ENV{ keys %{$environment} } = values %{$environment};
        exec { $command[0] } @command or die "cannot start $command[0]: $!\n";
    }
    local @SIG{qw(ALRM INT TERM)} = ( sub { kill 'TERM', $pid } ) x 3;
    alarm $time_limit;
    my $text = join '', readline $output;
    alarm 0;
    close $output;
    return ( $text, $? >> 8 );
}

# The CPU time of what was run since it was last asked, for who wants to make this quicker: prove -v.
my $cpu_s = 0;

sub note_cost ($what) {
    my ( undef, undef, $user_s, $sys_s ) = times;
    note sprintf '%-30s %5.1f s of CPU time', $what, $user_s + $sys_s - $cpu_s;
    $cpu_s = $user_s + $sys_s;
    return;
}

sub suite_of ($backend) { return "$build/release/tests/suite-$backend" }

chdir dirname( dirname( dirname( abs_path($0) ) ) ) or die "cannot go to the root of the tree: $!\n";

# What the make that started us was told (BACKEND=par) is not for the one that we start.
delete @ENV{qw(MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL BACKEND BACKENDS FLAVOUR SEED CK_FORK RUN_TEST)};

my %seen;
my @backends = grep { !$seen{$_}++ } qw(starved faults floods eighth), map { $_->{backend} } @bugs;
my @make     = ( 'make', '-s', '-j2', "BUILD=$build", "BACKENDS=@backends", map { suite_of($_) } @backends );
my ( $words, $status ) = tests::lib::Built::alone( sub () { run_program( {}, @make ) } );
BAIL_OUT("the suites of the broken backends cannot be built:\n$words") if $status != 0;

plan tests => 4 + @bugs;
note_cost('building');
for my $bug (@bugs) {
    my %environment = ( VERBOSE => 1, CK_RUN_CASE => $bug->{case}, CK_TIMEOUT_MULTIPLIER => $bug->{patience} // 1 );
    my $test        = tests::lib::Broken::test_that_finds( $bug->{backend}, $bug->{case} );
    $environment{RUN_TEST} = $test if defined $test;
    my ( $said, $exit, $found );
    for ( 1 .. $bug->{tries} // 1 ) {
        ( $said, $exit ) = run_program( \%environment, suite_of( $bug->{backend} ), $bug->{traits} // () );
        $found = $exit == 1 && $said =~ $bug->{says};
        last if $found;
    }
    note_cost("$bug->{backend}, $bug->{case}");
    ok( $found, "the suite finds $bug->{bug}" )
      or
      diag("suite-$bug->{backend}, \"$bug->{case}\": exit status $exit, expected 1 and $bug->{says}, but got:\n$said");
}

# A tenth of all limits: a call computes too long after a second. The test goes on for two.
my ( $said, $exit ) = run_program(
    {
        VERBOSE               => 1,
        CK_RUN_CASE           => 'threads',
        RUN_TEST              => 'threads_in_a_hurry_get_blocks_of_their_own',
        CK_TIMEOUT_MULTIPLIER => 0.1
    },
    suite_of('starved'),
    'course'
);
is( $exit, 0, 'a call that waits while others compute does not hang' ) or diag($said);

( $said, $exit ) = run_program( { VERBOSE => 1, CK_RUN_CASE => 'sizes' }, suite_of('faults') );
is( $exit, 0, 'a handler of faults that is there before the suite begins stays' ) or diag($said);

( $said, $exit ) = run_program( { VERBOSE => 1, CK_RUN_CASE => 'out of memory' }, suite_of('eighth'), 'course' );
is( $exit, 0, 'a reserve that is older than the limit may be used' ) or diag($said);

# A person's screen: what is printed without end is not read to its end.
( $said, $exit ) = run_program( { CK_RUN_CASE => 'overlap' }, suite_of('floods'), 'course' );
like(
    $said,
    qr/floods: it prints without end, so nobody listens .*^floods printed \d+ lines \(\d+ KiB and more\) while/ms,
    'an allocator that floods the screen is stopped'
);

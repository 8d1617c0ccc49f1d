#!/usr/bin/env perl

# The contract checks of the grader: each finds a bug that was planted for it and tells it in words, and a backend that keeps
# what the course promised passes all of them, also one that keeps nothing else.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::contract::OwnMemory;
use grader::intake::Compile;
use grader::stages::Contract;
use measure::Launch;
use tests::lib::Broken;
use tests::lib::Built;
use tests::lib::ContractJob;

my $launcher = tests::lib::Built::launcher();
chdir "$Bin/../.." or BAIL_OUT("cannot go to the root of the tree: $!");

my $address = qr/0x[0-9a-f]+/;

# A backend, what it is graded as, the check that must find its bug, what the student is told, and the terms when they are not
# this kit's.
my @bugs = (
    [ overlap    => 'hw08.blocks', qr/xmalloc\(33\) returned $address, which overlaps the live block/ ],
    [ tampers    => 'par.sizes',   qr/the tests were tampered with: of \d+, 9 ended/ ],
    [ shortblock => 'hw08.sizes',  qr/the live block .* was changed|crash \(/ ],
    [
        misaligned4 => 'par.alignment',
        qr/xmalloc\(100\) returned $address, which is not aligned to 8 bytes: it is 4 past/
    ],
    [ lostcontent => 'hw08.resize',       qr/xrealloc\($address of \d+ bytes, \d+\) changed byte \d+ from/ ],
    [ nullresize  => 'par.resize',        qr/crash \(Segmentation fault\) in xrealloc\(NULL, 1\)/, { null => 1 } ],
    [ nullresize  => 'par.null_and_zero', qr/crash \(Segmentation fault\) in xrealloc\(NULL, \d\)/ ],
    [ original    => 'hw08.alignment',    qr/which is not aligned to 8 bytes/ ],
    [
        misaligned => 'par.alignment',
        qr/xmalloc\(56\) returned $address, which is not aligned to 16 bytes/, { alignment => 16 }
    ],
    [ zeronull    => 'hw08.sizes',      qr/xmalloc\(0\) returned NULL/, { zero => 1 } ],
    [ nolock      => 'hw08.threads',    qr/the live block|changed byte|crash|returned NULL|did not finish/ ],
    [ threadloss  => 'par.thread_exit', qr/the memory of an ended thread must be reused/ ],
    [ exitmid     => 'par.thread_exit', qr/the memory of an ended thread must be reused/ ],
    [ threadtable => 'par.thread_exit', qr/xmalloc\(\d+\) returned NULL although there is memory/ ],
    [ exitlock    => 'par.thread_exit', qr/asleep for 5 s, and none is in a call: it is the end of a thread/ ],
    [ atexitlock  => 'par.blocks',      qr/asleep for 5 s, and none is in a call: it is the end of a thread/ ],
    [ selflock    => 'par.resize',      qr/all threads have been asleep for 5 s, in xrealloc/ ],
    [ roundlimit  => 'par.sizes',       qr/the live block .* was changed near its|crash \(/ ],
    [ largecache  => 'par.threads',     qr/belongs to two threads|handed out a second time|crash|was changed/ ],
    [ leakmove    => 'hw08.reuse', qr/was taken, resized and freed \d+ times, and the memory of the process grew by/ ],
    [
        leaklarge => 'par.reuse',
        qr/a block of (?:4096|8192|16384) to \d+ bytes was taken, resized and freed \d+ times/
    ],
    [ foreign => 'hw08.reuse', qr/taken by one thread and freed by another \d+ times, and the memory/ ],
    [
        foreignmid => 'par.reuse',
        qr/a block of (?:512|1024) to \d+ bytes was taken by one thread and freed by another/
    ],
    [ foreignmove => 'par.reuse', qr/taken by one thread and resized by another \d+ times, and the memory/ ],
    [
        contended => 'par.reuse',
qr/4 threads took and freed blocks of 16 to 511 bytes at the same time, .* blocks that are freed while threads contend/
    ],
    [
        busymid => 'par.reuse',
        qr/4 threads took and freed blocks of \d+ to \d+ bytes at the same time, .* while threads contend/
    ],
    [
        fourfold => 'par.memory',
        qr/blocks are too large: \d+ blocks of \d+ bytes took \d+ bytes of memory each, which is [45]\.\d times/
    ],
    [ leak    => 'hw08.mappings', qr/in round 4, with blocks of 20000 bytes, the process had grown by \d+ KiB/ ],
    [ ownsize => 'par.mappings',  qr/as many bytes had been taken and freed in blocks of another size/ ],
    [ size32  => 'par.large', qr/crash \(\w.*\) after xmalloc\(4295067296\) returned $address: byte \d+ of it cannot/ ],
    [ leak     => 'par.small_space', qr/xmalloc\(9437184\) returned NULL in an address space of 16 MiB, in round 1/ ],
    [ array    => 'par.small_space', qr/the program has static variables of 512 MiB, for an address space of 16 MiB/ ],
    [ reserves => 'par.small_space', qr/xmalloc\(1\) returned NULL in an address space of 16 MiB, in round 1/ ],
    [ sweeps   => 'par.process_end', qr/byte \d+ of the live block $address of \d+ bytes cannot be used/ ],
    [ twolocks => 'hw08.one_lock',   qr/took 2 locks:(?=.*pthread_mutex_lock on 'free_lock', \d+ times).*on 'heap'/ ],
    [ handlock => 'hw08.one_lock',   qr/took no lock \(mutex/ ],
    [ overread => 'par.valgrind',    qr/Invalid read of size \d+ in xrealloc \(overread_alloc\.c:\d+\)/ ],
    [ largecache    => 'par.tsan',           qr/data race:.*in x(?:malloc|free) \(largecache_alloc\.c:\d+\)/ ],
    [ volatilecount => 'par.tsan',           qr/data race:.*in x(?:malloc|free) \(volatilecount_alloc\.c:\d+\)/ ],
    [ lockfreerace  => 'par.tsan',           qr/data race:.*in xmalloc \(lockfreerace_alloc\.c:\d+\)/ ],
    [ endrace       => 'par.tsan',           qr{data race:.*in (?:right_)?xfree \((?:endrace|hw08)_alloc\.c:\d+\)} ],
    [ barecut       => 'hw08.tsan',          qr/data race:.*in add_to_list \(hw08_alloc\.c:\d+\)/ ],
    [ misaligned    => 'par.align16',        qr/xmalloc\(56\) returned $address, which is not aligned to 16 bytes/ ],
    [ errno         => 'par.errno',          qr/changed errno from 0 to 22/ ],
    [ zeronull      => 'hw08.null_and_zero', qr/xmalloc\(0\) returned NULL/ ],
    [ oomcrash      => 'par.out_of_memory',  qr/crash \(Segmentation fault\) in xmalloc\(64\)/ ],
    [ quits => 'hw08.blocks', qr/ended before the test was over: \w+ called exit\(0\), in or after xmalloc\(\d+\)/ ],
    [ quits => 'hw08.small_space', qr/ended before it was over/ ],
    [ quits => 'hw08.one_lock',    qr/ended before it was over/ ],
);

# Backends that keep every promise, what each is graded as, and the terms when they are not this kit's. The kit's own two are
# graded whole in tests/handout/handout.t.
my %original = ( alignment => 1 );
my @right    = (
    [ courseonly => 'hw08' ],
    [ lockfree   => 'par' ],
    [ spinread   => 'par' ],
    [ eighth     => 'par' ],
    [ sys        => 'par' ],
    [ original   => 'hw08', \%original ]
);

# What is not asked of them here: what the course never promised, which the suites of our own backends are asked for
# anyway; and of sys, which nobody hands in, all but what only this stage looks at.
# Nor are the long checks where another backend of this list is like it in what they look at: lockfree is there for its
# threads, eighth for what it takes before main, original for where its blocks lie (and what is left out of it here is asked of
# it below).
my %not_asked = (
    sys =>
      [qw(blocks sizes alignment resize threads thread_exit reuse memory mappings large small_space valgrind tsan)],
    lockfree => [qw(sizes resize reuse memory mappings large small_space valgrind)],
    spinread =>
      [qw(blocks sizes alignment resize threads thread_exit reuse memory mappings large small_space valgrind)],
    eighth     => [qw(blocks sizes alignment resize threads thread_exit reuse memory mappings large valgrind tsan)],
    courseonly => [qw(tsan)],
    original   => [qw(sizes resize threads thread_exit reuse mappings large tsan)],
);
my $ours = qr/align16|null_and_zero|errno|out_of_memory|shrink|process_end/;

my $job = tests::lib::ContractJob->new( launcher => $launcher );
$job->build_all(
    [ borrowed    => 'own_memory' ],
    [ threadtable => 'one_lock' ],
    ( map { [ $_ => 'own_memory' ] } qw(hw08 par) ),
    ( map { [ $_->[0], $_->[1] =~ s/\A\w+[.]//r ] } @bugs ),
    map { [ $_->[0] ] } @right
);

sub run_check ( $source, $id, %terms ) {
    my ($backend) = $id =~ /\A(\w+)\./;
    my $topic     = $id =~ s/\A\w+[.]//r =~ tr/_/ /r;
    local $job->{only_test} = tests::lib::Broken::test_that_finds( $source, $topic );
    my $asked = $job->with( $backend => $source )->under(%terms);
    my ($test) = grep { $_->{id} eq $id } grader::stages::Contract::tests($asked);
    return $test->{run}->();
}

# The CPU time of what was run since it was last asked, for who wants to make this quicker: prove -v.
my $cpu_s = 0;

sub note_cost ($what) {
    my ( undef, undef, $user_s, $sys_s ) = times;
    note sprintf '%-30s %5.1f s of CPU time', $what, $user_s + $sys_s - $cpu_s;
    $cpu_s = $user_s + $sys_s;
    return;
}

# What is asked of a right backend, as from grader::stages::Contract::tests. Its threads hurry for 20 s of CPU time under the
# terms of the course: of all but one backend only the tests that do not are asked, and of the one whose small blocks have no
# lock those in which small blocks hurry. Its larger blocks are those of the others.
my @UNHURRIED = qw(threads_with_blocks_of_their_own_do_not_disturb_each_other
  blocks_resized_and_freed_by_other_threads_all_to_all_keep_their_content);
my @OF_SMALL_BLOCKS = qw(threads_that_free_in_another_order_get_blocks_of_their_own
  threads_in_a_hurry_get_blocks_of_their_own:0
  a_thread_put_aside_in_a_call_does_not_get_a_block_in_use
  hundreds_of_threads_that_live_at_the_same_time_get_blocks_of_their_own
  a_thread_that_stays_while_thousands_come_and_go_has_blocks_of_its_own
  blocks_handed_over_in_a_hurry_are_freed_where_they_arrive:0);

sub tests_of ( $source, $backend, %terms ) {
    my $all = sub () { grader::stages::Contract::tests( $job->with( $backend => $source )->under(%terms) ) };
    return $all->() if $ENV{LONG};
    my @tests = grep { $_->{id} ne "$backend.threads" } $all->();
    for my $name ( @UNHURRIED, $source eq 'lockfree' ? @OF_SMALL_BLOCKS : () ) {
        local $job->{only_test} = $name;
        push @tests, grep { $_->{id} eq "$backend.threads" } $all->();
    }
    return @tests;
}

sub told ($outcome) {
    return join "\n", "verdict $outcome->{verdict}", map { "    $_" } grep { defined } @{$outcome}{qw(reason hint)},
      @{ $outcome->{diag} // [] };
}

# tests/allocator/suites.t asks the suite itself for every bug. Here LONG=1 asks the grader for each, and else for the first of
# each check.
my %asked;

note_cost('building');
for my $bug (@bugs) {
    my ( $source, $id, $says, $terms ) = @{$bug};
    next if $id =~ /[.](?:reuse|thread_exit|sizes|threads)\z/ && $asked{$id}++ && !$ENV{LONG};
    my $outcome = run_check( $source, $id, %{ $terms // {} } );

    # What races may crash before the race is told.
    for ( 1 .. 3 ) {
        last if $outcome->{verdict} ne 'skip' || $id !~ /tsan/ || $outcome->{reason} !~ /crashed/;
        $outcome = run_check( $source, $id, %{ $terms // {} } );
    }
    note_cost("$source, $id, $outcome->{verdict}");
  SKIP: {
        skip "$id: $outcome->{reason}", 1 if $outcome->{verdict} eq 'skip' && $id =~ /valgrind|tsan/;
        my $text  = join q{ }, @{ $outcome->{diag} // [] };
        my $hangs = $text =~ /it hangs: all threads have been asleep/;
        is( $outcome->{hint} =~ /\Alook at the locks: /, $hangs, "... and the hint is on locks" ) if $hangs;
        ok( $outcome->{verdict} eq 'fail' && $text =~ $says && $outcome->{hint} =~ /to see it again: make /,
            "$id finds the bug of tests/broken/${source}_alloc.c" )
          or diag( "expected $says, but got: " . told($outcome) );
    }
}

for my $pair (@right) {
    my ( $source, $backend, $terms ) = @{$pair};
    my %not_asked = map { $_ => 1 } @{ $not_asked{$source} // [] };
    my @wrong;
    for my $test ( tests_of( $source, $backend, %{ $terms // {} } ) ) {
        my ($id) = $test->{id} =~ /\.(\w+)\z/;
        next if $not_asked{$id} || $id =~ $ours;
        my $outcome = $test->{run}->();
        note_cost("$source, $test->{id}, $outcome->{verdict}");
        push @wrong, "$id: " . told($outcome)
          if $outcome->{verdict} eq 'fail' || $outcome->{verdict} eq 'skip' && $id !~ /valgrind|tsan/;
    }
    is( join( "\n", @wrong ), q{}, "$source keeps every promise that $backend must keep" );
}

# One fault costs once: blocks at odd addresses fail where alignment is the topic, and nowhere else.
subtest 'a homework just as its text asked for it' => sub {
    my %failed;
    for my $test ( tests_of( original => 'hw08' ) ) {
        my ($id) = $test->{id} =~ /\.(\w+)\z/;
        next if $id =~ $ours || $id =~ /valgrind|tsan|large|mappings|memory|reuse|thread_exit/;
        my $outcome = $test->{run}->();
        $failed{$id} = told($outcome) if $outcome->{verdict} eq 'fail';
    }
    is( join( q{ }, sort keys %failed ), 'alignment', 'fails for its alignment alone under the terms of this kit' )
      or diag( map { "$_: $failed{$_}\n" } sort keys %failed );
    my @names =
      map { $_->{name} } grader::stages::Contract::tests( $job->with( hw08 => 'original' )->under(%original) );
    is( scalar( grep { /aligned to [18] byte/ } @names ), 0, '... which the first terms did not ask' );
};

# The same where a check meets the fault of another one: what resizes loses content, what is lost by all is lost by threads.
for my $fault ( [ lostcontent => 'resize', qw(blocks alignment) ], [ leakpage => 'reuse', 'thread_exit' ] ) {
    my ( $source, $cause, @follow ) = @{$fault};
    my %test = map { ( $_->{id} =~ s/\Apar[.]//r ) => $_ } tests_of( $source => 'par' );
    for my $id (@follow) {
        my $outcome = $test{$id}{run}->();
        is( $outcome->{verdict}, 'skip', "$source costs nothing at $id" ) or diag( told($outcome) );
        like(
            $outcome->{reason},
            qr/\Ait follows from what is told at $cause, and costs nothing here: /,
            '... which says why'
        );
    }
    is( $test{$cause}{run}->()->{verdict}, 'fail', "... and fails at $cause" );
}

subtest 'memory of the C library, whatever it is called' => sub {
    my $count   = sub ($source) { grader::contract::OwnMemory::run( $job->with( par => $source ), 'par' ) };
    my $outcome = $count->('borrowed');
    is( $outcome->{verdict}, 'fail', 'blocks that are tables of hcreate_r are counted' );
    like(
        $outcome->{diag}[0],
qr/\Athe backend had up to \d+ KiB of the C library at a time, .*; the program had up to \d+ KiB of the backend/,
        '... and told with both figures'
    );
    for my $source (qw(hw08 par courseonly original)) {
        my $own = $count->($source);
        is( $own->{verdict},      'pass', "$source takes its memory from the system" );
        is( "@{ $own->{notes} }", q{},    '... which was counted' );
    }
};

subtest 'a lock made by hand beside the mutex' => sub {
    my $notes = sub ($source) {
        my $outcome = run_check( $source, 'hw08.one_lock' );
        is( $outcome->{verdict}, 'pass', "$source takes one lock of the C library" ) or diag( told($outcome) );
        return join '|', @{ $outcome->{notes} };
    };
    like(
        $notes->('threadtable'),
        qr/\|hw08 has atomic instructions in xmalloc: is one of them a second lock\?\z/,
        '... and has others, which a person hears of'
    );
    unlike( $notes->('courseonly'), qr/atomic/, '... and has no other' );
};

# ---- What no backend here does, or takes too long --------------------------------------------------------------------------

# A job whose runs all end in one way.
sub outcomes ( $result, $count ) {
    my @tests = grader::stages::Contract::tests( $job->with( par => 'par' )->pretending($result) );
    return map { $_->{run}->() } @tests[ 0 .. $count - 1 ];
}

my %usual = (
    stdout => q{},
    stderr => q{},
    exit   => 0,
    strays => 0,
    wall_s => 1,
    limits => { wall_s => 60, cpu_s => 60, asleep_s => 5 }
);

subtest 'checks that hang' => sub {
    my @hung = outcomes( { %usual, exit => undef, stopped => 'wall' }, 4 );
    is( join( q{ }, map { $_->{verdict} } @hung ), 'fail fail fail fail', 'all of them fail' );
    like( $hung[0]{diag}[0], qr/the suite was stopped after 60 s: it did not finish/, 'the first says so' );
    like( $hung[0]{hint},    qr/in a debugger: CK_FORK=no .* gdb --args build/,       'and what to do' );
    like(
        $hung[2]{diag}[0],
        qr/not tried, because 2 checks of par before this one did not end/,
        'the third is not tried'
    );
};

subtest 'the hint to what hangs' => sub {
    my $hint = sub (%ends) { ( outcomes( { %usual, exit => undef, %ends }, 1 ) )[0]{hint} };
    my $says = sub ($message) {
        return (
            exit   => 1,
            stdout => "x.c:1:F:resize:growing:0: $message\nclosing: 1 ended, 1 failed, 0 cut short; WORD\n"
        );
    };
    like(
        $hint->( stopped => 'cpu', user_s => 1, sys_s => 0 ),
        qr/\Alook for a walk that/,
        'is on walks when CPU time ran out'
    );
    like( $hint->( stopped => 'asleep' ), qr/\Alook at the locks: /, 'is on locks when all threads sleep' );
    like(
        $hint->( stopped => 'wall', user_s => 0, sys_s => 0 ),
        qr/\Alook at the locks: /,
        '... or nothing is computed'
    );
    like(
        $hint->( stopped => 'wall', user_s => 1, sys_s => 0 ),
        qr/\Alook for a walk that does not end: /,
        'on rings when something is'
    );
    like(
        $hint->( $says->('it hangs: after 10 s of CPU time there is no way back from xfree(0x1)') ),
        qr/\Alook for a walk/,
        '... also in the words of the suite'
    );
    like(
        $hint->(
            $says->('it hangs: after 10 s of CPU time there is no way back from xfree(0x1); do two spin locks wait')
        ),
        qr/\Alook at the spin locks: /,
        '... and on spin locks where several threads compute'
    );
    like(
        $hint->( $says->('the test has computed for 60 s, and is not over') ),
        qr/\Athe calls are far too slow/,
        'and on speed when a test is not over'
    );
};

subtest 'a small space that is not the reason' => sub {
    my $ends = sub (%ends) {
        my @tests = grep { $_->{id} =~ /small_space/ }
          grader::stages::Contract::tests( $job->with( par => 'par' )->pretending( { %usual, exit => undef, %ends } ) );
        return $tests[0]{run}->();
    };
    my $refused = 'xmalloc(9437184) returned NULL in an address space of 16 MiB, in round 1, after all mixed blocks';
    my $outcome = $ends->( exit => 1, stderr => "$refused\n" );
    like( $outcome->{hint}, qr/\Athe program takes 512 mixed blocks/, 'no memory is' );
    is( scalar( grep { /\Q$refused\E/ } @{ $outcome->{diag} } ), 1, '... and told once' );
    like(
        $ends->( signal => 11 )->{hint},
        qr/\Ain so small a space mmap may say MAP_FAILED/,
        'a crash has its own hint'
    );
    like( $ends->( signal => 6 )->{hint}, qr/\Aabort\(\)/, '... an abort, too' );
    like(
        $ends->( exit => 1, stderr => "the content of a live block was changed\n" )->{hint},
        qr/\Aa block must not be handed out twice/,
        '... and a block that was changed'
    );
    like( $ends->( exit => 5 )->{hint}, qr/\Anone of the three calls may end/, '... and an exit of its own' );
};

subtest 'where others use the machine' => sub {
    my @limits;
    my $works_s = 20;
    my $slow    = sub (%options) {
        push @limits, join q{ }, @options{qw(cpu_s wall_s)}, $options{env}{CK_TIMEOUT_MULTIPLIER};
        my $closing = "closing: 3 ended, 0 failed, 0 cut short; WORD\n";
        my @stopped = ( exit => undef, stopped => 'wall', wall_s => 60, user_s => $works_s, sys_s => 0 );
        return { %usual, $options{cpu_s} < 400 ? @stopped : ( stdout => $closing ) };
    };
    no warnings 'redefine';
    local *measure::Contention::usable_cpus = sub ($) { 2 };
    local *measure::Contention::reasons     = sub ($) { return };
    is( join( q{ }, map { $_->{verdict} } outcomes( $slow, 1 ) ), 'fail', 'a machine of our own is not waited for' );
    local *measure::Contention::reasons = sub ($) { return 'other processes used 1.02 CPUs' };
    @limits = ();
    is(
        join( q{ }, map { $_->{verdict} } outcomes( $slow, 3 ) ),
        'pass fail fail',
        'the first check that hangs gets more time'
    );
    is(
        join( q{, }, @limits ),
        '240 600 1, 720 1800 3, 240 600 1, 240 600 1',
        '... the others do not; and what a check may compute is a limit, long before what a clock shows beside others'
    );
    $works_s = 0.5;
    is( join( q{ }, map { $_->{verdict} } outcomes( $slow, 1 ) ), 'fail', '... nor does a deadlock' );
    my $computes = sub (%options) {
        my $said = "x.c:1:F:reuse:it:0: the test has computed for 60 s, and is not over: the calls are far too slow\n";
        my $long = $options{cpu_s} >= 400;
        return {
            %usual,
            exit   => $long ? 0 : 1,
            stdout => ( $long ? q{} : $said )
              . 'closing: 1 ended, '
              . ( $long ? 0 : 1 )
              . " failed, 0 cut short; WORD\n"
        };
    };
    is( join( q{ }, map { $_->{verdict} } outcomes( $computes, 1 ) ), 'pass', 'a test that computes too long does' );
    $works_s = 20;
    local *measure::Contention::reasons     = sub ($) { return };
    local *measure::Contention::usable_cpus = sub ($) { 1 };
    is( join( q{ }, map { $_->{verdict} } outcomes( $slow, 1 ) ), 'pass', 'it does where there is one processor' );
};

subtest 'memory near its limit' => sub {
    my $runs  = 0;
    my $words = 'blocks of 16384 to 262143 bytes ' x 16 . '(at most 4607 KiB are accepted)';
    my $once  = sub (%) {
        my $failed = ++$runs <= 2 ? 1                                                               : 0;
        my $said   = $failed      ? "x.c:1:F:overlap:growing:0: $words\ngrew by 4616 of 4607 KiB\n" : q{};
        my $closed = 'closing: ' . ( 1 - $failed ) . " ended, $failed failed, 0 cut short; WORD\n";
        return { %usual, exit => $failed, stdout => "$said$closed" };
    };
    my ($outcome) = outcomes( $once, 1 );
    is( $outcome->{verdict}, 'pass', 'most of the runs decide, also where the message is too long to be shown' );
    is( $runs,               5,      '... of five' );
};

subtest 'a tool that does not work' => sub {
    my %dies  = ( %usual, exit => 1, stderr => "setarch: failed to set personality\n" );
    my $asked = qr/tsan|valgrind/;
    my $tool  = sub (%ends) {
        my @tests =
          grep { $_->{id} =~ $asked }
          grader::stages::Contract::tests( $job->with( par => 'par' )
              ->pretending( sub (%options) { $ends{ "@{$options{command}}" =~ /-sys/ ? 'sys' : 'par' } } ) );
        return map { $_->{run}->() } @tests;
    };
    for my $outcome ( $tool->( sys => \%dies, par => \%dies ) ) {
        is( $outcome->{verdict}, 'skip', 'tells nothing' );
        like( $outcome->{reason}, qr/does not work on this machine/, '... says so' );
        ok( $outcome->{blameless}, '... and it is not the fault of the homework' );
    }
    for my $outcome ( $tool->( sys => {%usual}, par => \%dies ) ) {
        is( $outcome->{verdict}, 'skip', 'nor does one that does not get along with the homework' );
        ok( !$outcome->{blameless}, '... whoever is to blame' );
    }
    my $asks = q{};
    my %dead = ( %usual, exit => 66, stderr => "ThreadSanitizer:DEADLYSIGNAL\n" );
    $asked = qr/tsan/;
    my $dead = sub () {
        my @tests = grep { $_->{id} =~ $asked } grader::stages::Contract::tests(
            $job->with( par => 'par' )->pretending(
                sub (%options) {
                    my $command = "@{$options{command}}";
                    return { %usual, stdout => $command =~ /\Anm --undefined/ ? $asks : q{} }
                      if $command =~ /\A(?:nm|objdump) /;
                    return $command =~ /-sys/ ? {%usual} : \%dead;
                }
            )
        );
        return $tests[0]{run}->()->{reason};
    };
    like( $dead->(), qr/\Ait crashed under thread sanitizer \(DEADLYSIGNAL\) before/, 'a death in the tool is told' );
    $asks = "                 U thrd_create\@GLIBC_2.34\n";
    like( $dead->(), qr/\Athread sanitizer does not know thrd_create, which it uses/, '... and what it comes of' );
    $asked = qr/tsan|valgrind/;

    my %wrong = ( %usual, exit => 41, stderr => "hello\nthe block 0x10 of 5 bytes has lost its content (seen by x)\n" );
    is( join( q{ }, map { $_->{verdict} } $tool->( sys => {%usual}, par => \%wrong ) ),
        'fail fail', 'a block that was changed is a failure' );
    my ($told) = $tool->( sys => {%usual}, par => \%wrong );
    is(
        join( '|', @{ $told->{diag} } ),
        'the block 0x10 of 5 bytes has lost its content (seen by x)|it printed: hello',
        '... which is not told as what the homework printed'
    );
    $asked = qr/[.]threads|tsan|valgrind/;
    my ( undef, @outcomes ) = $tool->( sys => {%usual}, par => \%dies );
    is( join( q{ }, map { $_->{verdict} } @outcomes ),
        'fail fail', 'nor does anybody else pay for a tool that dies of threads which disturb each other' );
    like( "@{ $outcomes[0]{diag} }", qr/without that tool, too/, '... which is said' );
};

subtest 'silence is no success' => sub {
    my ($outcome) = outcomes( {%usual}, 1 );
    is( $outcome->{verdict}, 'fail', 'a suite that says nothing has failed' );
    like( "@{$outcome->{diag}}", qr/the suite ended, before all of its tests were over/,
        'and the student is told why' );
    my $closing = "closing: 3 ended, 0 failed, 0 cut short; another word\n";
    ($outcome) = outcomes( { %usual, stdout => $closing }, 1 );
    is( $outcome->{verdict}, 'fail', 'nor is the closing line of another run accepted' );
    ($outcome) = outcomes( { %usual, stdout => "closing: 3 ended, 0 failed, 0 cut short; WORD\n", strays => 1 }, 1 );
    is( $outcome->{verdict}, 'fail', 'nor processes that are left behind' );
};

subtest 'what a student printed is quoted, but can do no harm' => sub {
    my ($outcome) = outcomes( { %usual, exit => 1, stderr => "oops \e[2J\n" . "more\n" x 9 }, 1 );
    my $text      = join "\n", @{ $outcome->{diag} };
    like( $text, qr/it printed: oops \\x1b\[2J$/m, 'control characters are spelled' );
    like( $text, qr/and 6 more lines/,             'and only the first lines are shown' );
};

done_testing();

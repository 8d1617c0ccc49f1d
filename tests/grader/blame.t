#!/usr/bin/env perl

# Who is told to have done it: a call that hangs because there is no memory is a fault of the allocator, and not a slow check;
# the words say what was seen, and no topic's usual advice where that has nothing to do with it.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::Job;
use grader::Settings;
use grader::speed::Patience;
use grader::speed::Run;
use grader::speed::Series;
use grader::stages::Build;
use grader::stages::Contract;
use measure::Launch;
use tests::lib::Built;
use tests::lib::ContractJob;

my $launcher = tests::lib::Built::launcher();
chdir "$Bin/../.." or BAIL_OUT("cannot go to the root of the tree: $!");

my $job = tests::lib::ContractJob->new( launcher => $launcher );

sub outcome ( $asked, $id ) {
    my ($test) = grep { $_->{id} eq $id } grader::stages::Contract::tests($asked);
    return $test->{run}->();
}

sub of_broken ( $source, $id, $only_test = undef ) {
    my ($backend) = $id =~ /\A(\w+)[.]/;
    local $job->{only_test} = $only_test;
    return outcome( $job->with( $backend => $source ), $id );
}

sub told ($outcome) {
    return join "\n", map { $_ // q{} } $outcome->{verdict}, @{$outcome}{qw(reason hint)}, @{ $outcome->{diag} // [] };
}

my %usual =
  ( stdout => q{}, stderr => q{}, exit => 0, strays => 0, wall_s => 1, limits => { wall_s => 60, asleep_s => 5 } );

# The outcome of a check of par whose suite ends like this.
sub pretended ( $id, %ends ) { return outcome( $job->with( par => 'par' )->pretending( { %usual, %ends } ), $id ) }

# What the suite prints when a test has failed with this message.
sub says ($message) {
    return ( exit => 1, stdout => "x.c:1:F:it:it:0: $message\nclosing: 1 ended, 1 failed, 0 cut short; WORD\n" );
}

subtest 'a call that hangs because there is no memory' => sub {
    my $kept = of_broken( 'keepslock', 'par.out_of_memory', 'after_memory_ran_out_and_was_freed_the_heap_is_usable' );
    is( $kept->{verdict}, 'fail', 'fails' ) or diag( told($kept) );
    like( told($kept), qr/asleep for 5 s, in x\w+\([^)]*64\b/,     '... says in which call' );
    like( told($kept), qr/^look for a way out that keeps a lock/m, '... and what to look for' );
    my $slow = pretended( 'par.out_of_memory', says('the test has computed for 60 s, and is not over') );
    is( $slow->{verdict}, 'skip', 'what was slow cannot be told' );
    my $busy = pretended( 'par.out_of_memory', exit => undef, stopped => 'wall', user_s => 60, sys_s => 0 );
    is( $busy->{verdict}, 'skip', '... nor what computed all the time' );
    my $asleep = pretended( 'par.small_space', exit => undef, stopped => 'asleep', user_s => 0, sys_s => 0 );
    like(
        told($asleep),
        qr/MAP_FAILED, which is not NULL: does a way out without memory keep a lock/,
        'in a small space it may be that'
    );
};

subtest 'freed memory that is not there when there is no other' => sub {
    my $few = 'only 683 blocks of 64 bytes (42 KiB) could be taken with room for 12288 KiB';
    like(
        told( pretended( 'par.out_of_memory', says("after all had been freed: $few") ) ),
        qr/^what was freed must serve again/m,
        'is no matter of MAP_FAILED'
    );
    like(
        told( pretended( 'par.out_of_memory', says("at first: $few") ) ),
        qr/^much more was asked of the system than was handed out/m,
        '... nor is room that a few blocks used up'
    );
};

subtest 'variables that leave no room to begin in' => sub {
    my $outcome = pretended(
        'par.small_space',
        exit   => 127,
        stderr => "p: error while loading shared libraries: libc.so.6: failed to map segment from shared object\n"
    );
    like(
        told($outcome),
        qr/^take memory with mmap when it is asked for, not in an array/m,
        'are told, and not that a call ended the process'
    );
    like( told($outcome), qr/cannot be started: its own variables leave no room/, '... in words for students' );
};

subtest 'a size that takes too much, of which no memory is lost' => sub {
    my $outcome = pretended( 'par.mappings',
        says('blocks are too large: 18641 blocks of 900 bytes took 4096 bytes of memory each') );
    like( told($outcome), qr/^a page for each small block/m, 'is not told to unmap what it has unmapped' );
};

subtest 'a size that no machine has' => sub {
    my $outcome = of_broken( 'wraparound', 'par.out_of_memory', 'xmalloc_refuses_huge_sizes_with_enomem' );
    is( $outcome->{verdict}, 'fail', 'is asked for where no memory is the topic' );
    like( told($outcome), qr/xmalloc\(18446744073709551615\) returned 0x/, '... with the call' );
    like( told($outcome), qr/^a header added to so large a size/m,         '... and what to look for' );
    my $untold = pretended(
        'par.out_of_memory',
        says(
            'xmalloc(18446744073709551615) returned NULL with errno 0 (Success) instead of 12 (Cannot allocate memory)')
    );
    like( told($untold), qr/^who returns NULL sets errno/m, '... another thing where only errno is wrong' );
};

subtest 'a crash where locks are counted' => sub {
    my $outcome = of_broken( 'threelocks', 'hw08.one_lock' );
    is( $outcome->{verdict}, 'fail', 'is a failure' );
    like( told($outcome), qr/crashed with signal 11/,                            '... told first' );
    like( told($outcome), qr/^until then it had taken 3 locks:$/m,               '... with what was seen until then' );
    like( told($outcome), qr/^ +pthread_mutex_lock on 'free_lock', \d+ times$/m, '... by name' );
    like(
        told($outcome),
        qr/^hw08 is one free list under one lock: .* Else what a call/m,
        '... and what it may come of'
    );
};

# ---- Runs that end together with their sandbox -----------------------------------------------------------------------------

package tests::Bare {
    sub new  ($class)            { return bless {}, $class }
    sub wrap ( $self, %options ) { return %options }
    sub show ( $self, @ )        { return }
}

# Runs end as given, one after the other, and before each the kernel has killed so many for want of memory. Result: of launch(),
# and how many runs there were.
sub launched ( $kills, @ends ) { return launched_with( 1024**3, $kills, @ends ) }

# The same where so many bytes are free.
sub launched_with ( $free, $kills, @ends ) {
    my $runs = 0;
    no warnings 'redefine';
    local *measure::Launch::run   = sub (%) { return { %usual, %{ $ends[ $runs++ ] // die 'too many runs' } } };
    local *grader::Job::oom_kills = sub () { return $kills->[$runs] };
    local *measure::Machine::available_bytes = sub () { return $free };
    my $lean = grader::Job->new(
        settings => { lost_pause_s => 0 },
        sandbox  => tests::Bare->new,
        progress => tests::Bare->new
    );
    return ( $lean->launch( command => ['x'] ), $runs );
}

my %lost = ( exit => undef, stopped => 'lost' );

subtest 'what is lost together with its sandbox' => sub {
    my ( $result, $runs ) = launched( [ 3, 4 ], \%lost, {} );
    is( $runs, 2, 'is run once more' );
    ok( measure::Launch::ok($result) && !defined $result->{untold}, '... which counts' );
    ( $result, $runs ) = launched( [ 3, 4, 5 ], \%lost, \%lost );
    is( $runs, 2, '... and not a third time' );
    like(
        $result->{untold},
        qr/\Aended together with its sandbox, twice, .* memory/,
        '... nor told where the kernel killed for want of memory'
    );
    ( $result, $runs ) = launched_with( 8 * 1024**3, [ 3, 4, 5 ], \%lost, \%lost );
    is( $result->{untold}, undef, 'it is told where there was memory enough, for then the program took it' );
    like(
        grader::contract::Check::how_it_ended($result),
        qr/twice: the machine had 8192 MiB of memory before it began, and none left/,
        '... in words'
    );
    ( $result, $runs ) = launched( [ 3, 3, 3 ], \%lost, \%lost );
    is( $result->{untold}, undef, 'it is told where the kernel did not' );
    ( $result, $runs ) = launched( [ 3, 4, 5 ], { exit => undef, signal => 9 }, { exit => undef, signal => 9 } );
    is( $result->{untold}, undef, '... and where the program alone was killed' );
};

subtest 'who pays for what nobody can tell' => sub {
    our %untold = ( %lost, untold => 'ended together with its sandbox, twice' );
    for my $id (qw(par.threads par.small_space par.valgrind par.tsan par.out_of_memory hw08.one_lock)) {
        my ($backend) = $id =~ /\A(\w+)[.]/;
        my $outcome = outcome( $job->with( $backend => 'par' )->pretending( { %usual, %untold } ), $id );
        is( $outcome->{verdict}, 'skip',                                                   "$id cannot be told" );
        is( $outcome->{reason},  'cannot tell: it ended together with its sandbox, twice', '... and says so' );
        ok( $outcome->{blameless}, '... for nobody is to blame' );
        unlike( told($outcome), qr/lock/, '... and no lock is' );
    }
    my $settings = grader::Settings::defaults();
    is( grader::speed::Patience::starved( $settings, { %usual, %untold } ), $untold{untold}, 'nor is an answer asked' );

    package tests::Timed {
        sub new          ($class)               { return bless {}, $class }
        sub settings     ($self)                { return grader::Settings::defaults() }
        sub failed       ( $self, @ )           { return }
        sub run          ( $self, @ )           { return { %usual, %untold } }
        sub binary       ( $self, $backend, @ ) { grader::speed::Run::run( $self, 'list', $backend, 10 ); return 'x' }
        sub is_handed_in ( $self, @ )           { return 1 }
    }
    no warnings 'redefine';
    local *measure::Contention::usable_cpus = sub ($) { 4 };
    my $timed =
      grader::speed::Series::make( { job => tests::Timed->new, program => 'list', over => 'hw08', under => 'par' } );
    is( $timed->{verdict}, 'skip', 'nor a speed' );
    like(
        $timed->{reason},
        qr/\Acannot tell: not timed: bin\/list-hw08 10 ended together with its sandbox, twice/,
        '... which is said'
    );
};

done_testing();

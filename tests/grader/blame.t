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
use grader::stages::Contract;
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

done_testing();

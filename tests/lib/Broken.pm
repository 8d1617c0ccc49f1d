package tests::lib::Broken;

# Which test of the suite finds the bug of a backend of tests/broken. The other tests of its topic pass, and would take most of
# the time.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use POSIX qw(uname);

my $OF_ENDED_THREADS = 'blocks_that_a_thread_freed_before_it_ended_are_reused';

# Where one thread is put aside after each of its instructions; elsewhere chance decides.
our $CAN_STEP = ( uname() )[4] eq 'x86_64';

my $OF_CONTENTION = 'threads_that_take_and_free_at_the_same_time_do_not_grow_memory';
my $OF_FOREIGN    = 'blocks_of_any_size_freed_by_another_thread_are_reused';

# Topic, and backend.
my %TEST = (
    'reuse' => {
        leak        => 'blocks_of_any_size_taken_and_freed_one_by_one_do_not_grow_memory',
        leakmove    => 'blocks_of_any_size_resized_do_not_grow_memory',
        leaklarge   => 'blocks_of_any_size_resized_do_not_grow_memory',
        leakzero    => 'resizing_to_0_frees_the_block',
        foreign     => $OF_FOREIGN,
        foreignmid  => $OF_FOREIGN,
        foreignmove => 'blocks_of_any_size_resized_by_another_thread_are_reused',
        contended   => "$OF_CONTENTION:0",
        onein65536  => 'millions_of_the_same_calls_need_no_new_memory',
        leakpage    => "$OF_CONTENTION:2",
        busymid     => "$OF_CONTENTION:1",
        wholechunks => 'blocks_freed_between_live_ones_are_reused',
        shortunmap  => 'large_blocks_taken_and_freed_often_lose_no_page',
        hw08        => 'memory_freed_in_blocks_of_one_size_serves_another_size',
    },
    'thread exit' => {
        threadloss  => $OF_ENDED_THREADS,
        exitmid     => $OF_ENDED_THREADS,
        exitone     => 'threads_that_come_and_go_lose_no_block_of_any_size',
        latecache   => 'blocks_that_a_thread_frees_in_its_last_destructors_are_reused',
        lastwords   => 'blocks_that_a_thread_frees_in_its_last_destructors_are_reused',
        exitspin    => $OF_ENDED_THREADS,
        threadtable => 'five_thousand_threads_may_come_and_go_and_take_no_small_blocks_with_them',
    },
    'process end' => { sweeps => 'live_blocks_can_be_used_until_the_process_has_ended' },
    'overlap'     => {
        purges => 'a_hundred_thousand_live_blocks_of_mixed_sizes_keep_apart_and_keep_their_content',
    },
    'sizes' => {
        shortblock => 'every_size_from_0_to_70000_can_be_taken_and_used_to_its_last_byte',
        onesize    => 'every_size_from_5000_to_70000_can_be_used_to_both_ends',
        lostheader => 'blocks_around_borders_of_many_megabytes_can_be_used_to_both_ends',
        roundlimit => 'larger_blocks_around_borders_and_of_random_sizes_can_be_used_to_both_ends',
    },
    'threads' => {
        nolock     => 'threads_with_blocks_of_their_own_do_not_disturb_each_other',
        largecache => 'threads_in_a_hurry_get_blocks_of_their_own:2',
        aba        => $CAN_STEP
        ? 'a_thread_put_aside_in_a_call_does_not_get_a_block_in_use'
        : 'threads_that_free_in_another_order_get_blocks_of_their_own',
        sixteen        => 'hundreds_of_threads_that_live_at_the_same_time_get_blocks_of_their_own',
        byslot         => 'a_thread_that_stays_while_thousands_come_and_go_has_blocks_of_its_own',
        openwindow     => 'threads_in_a_hurry_get_blocks_of_their_own',
        eightmegabytes => 'threads_in_a_hurry_get_blocks_of_their_own',
        bothorders     => 'blocks_handed_over_in_a_hurry_are_freed_where_they_arrive:3',
        crossed        => 'threads_that_resize_up_and_down_do_not_wait_for_each_other_forever',
    },
    'resize'   => { lostmegabytes => 'a_block_keeps_its_content_when_its_size_is_doubled_and_halved' },
    'mappings' => {
        neverfrees  => 'memory_that_was_all_freed_serves_blocks_of_any_other_size',
        pageeach    => 'memory_that_was_all_freed_serves_blocks_of_any_other_size',
        keepskinds  => 'memory_that_was_all_freed_serves_blocks_of_a_size_of_each_kind',
        keepslarge  => 'a_small_block_does_not_keep_the_memory_of_a_large_one',
        keepslast   => 'memory_that_one_thread_has_all_freed_serves_the_other_threads:6',
        sleepyowner => 'memory_that_others_have_freed_while_its_thread_sleeps_serves_all_threads:1',
    },
    'large' => {
        copies32     => 'a_block_keeps_its_content_when_it_grows_beyond_a_gigabyte_and_shrinks_again',
        intcopy      => 'a_block_of_two_gigabytes_keeps_its_content_when_it_grows',
        tenthousand  => 'all_blocks_together_may_be_more_than_a_gigabyte',
        guarded      => 'small_blocks_together_may_be_more_than_a_gigabyte',
        unguarded    => 'small_blocks_together_may_be_more_than_a_gigabyte',
        twogigabytes => 'small_blocks_together_may_be_more_than_a_gigabyte:1',
        lower32      => 'blocks_four_gigabytes_apart_do_not_disturb_each_other',
    },
    'out of memory' => { wraparound => 'xmalloc_refuses_huge_sizes_with_enomem' },
    'errno'         => { ring       => 'xfree_keeps_errno' },
    'peak'          => { leak       => 'memory_comes_back_after_a_peak_of_one_thread' },
);

# For RUN_TEST in the environment of the suite; undef: the whole topic is quick, or it may be any of its tests.
sub test_that_finds ( $backend, $topic ) { return $TEST{$topic}{$backend} }

1;

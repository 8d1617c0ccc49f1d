// thread_exit.c: a thread that ends takes no block and no memory with it.
//
// Thousands of threads start and end, eight at a time. What such a thread would take with it if the allocator forgot
// about it adds up, and shows as memory of the process that grows from the first waves to the last.

#include <pthread.h>
#include <stdbool.h>

#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

enum { AT_ONCE = 8, WAVES = 400, FIRST_WAVES = 4, BLOCKS = 400, ALLOWED_GROWTH = 8 * MIB };

// 400 blocks of 16 to 1,000 bytes: 200 KB a thread, 640 MB in all threads.
static size_t size_of(size_t i) { return 16 + i * 37 % 985; }

static Block blocks[AT_ONCE][BLOCKS];

// In the first waves the threads wait for each other here, so that an allocator has made all the heaps or arenas that
// so many threads at once ask of it before growth is measured.
static struct {
    pthread_barrier_t all_have_taken;
    bool is_used;
} meeting;

static void take_blocks(size_t index) {
    for (size_t i = 0; i < BLOCKS; i++) take(&blocks[index][i], size_of(i));
    if (meeting.is_used) pthread_barrier_wait(&meeting.all_have_taken);
}

static void give_back_own_blocks(size_t index) { give_back_all(blocks[index], BLOCKS); }

// Frees what its neighbour of the wave before left, and leaves blocks of its own.
static void give_back_neighbours_blocks(size_t index) {
    give_back_all(blocks[index], BLOCKS);
    take_blocks(index);
}

static void take_and_give_back_blocks(size_t index) {
    take_blocks(index);
    give_back_own_blocks(index);
}

static void expect_no_growth(size_t before, size_t threads) {
    size_t grown = resident_since(before);
    tell_growth(grown, ALLOWED_GROWTH);
    if (under_a_tool() || grown <= ALLOWED_GROWTH) return;
    fail_test(
        "the memory of the process grew by %zu KiB while %zu threads came and went, each with %d blocks that were "
        "freed: the memory of an ended thread must be reused (at most %d KiB are accepted)",
        grown / KIB, threads, BLOCKS, ALLOWED_GROWTH / KIB);
}

// Runs the waves. work: for the threads. after: for each index, by this thread, when the wave has ended; or NULL.
static void run_waves(void (*work)(size_t index), void (*after)(size_t index)) {
    size_t waves = FIRST_WAVES + (backend.course ? WAVES / 5 : scaled_for_tool(WAVES));
    size_t before = 0;
    pthread_barrier_init(&meeting.all_have_taken, NULL, AT_ONCE);
    for (size_t wave = 1; wave <= waves; wave++) {
        meeting.is_used = wave <= FIRST_WAVES;
        run_threads(AT_ONCE, work);
        for (size_t i = 0; after != NULL && i < AT_ONCE; i++) after(i);
        if (wave == FIRST_WAVES) before = resident_bytes();
        if (wave > FIRST_WAVES) expect_no_growth(before, (wave - FIRST_WAVES) * AT_ONCE);
    }
}

static void give_back_what_is_left(void) {
    for (size_t i = 0; i < AT_ONCE; i++) give_back_own_blocks(i);
}

START_TEST(blocks_that_a_thread_freed_before_it_ended_are_reused) { run_waves(take_and_give_back_blocks, NULL); }
END_TEST

START_TEST(blocks_that_outlive_their_thread_keep_their_content_and_are_freed_by_the_main_thread) {
    run_waves(take_blocks, give_back_own_blocks);
}
END_TEST

START_TEST(blocks_that_outlive_their_thread_keep_their_content_and_are_freed_by_later_threads) {
    run_waves(give_back_neighbours_blocks, NULL);
    give_back_what_is_left();
}
END_TEST

TCase* thread_exit_case(void) {
    TCase* topic = new_case("thread exit");
    tcase_add_test(topic, blocks_that_a_thread_freed_before_it_ended_are_reused);
    tcase_add_test(topic, blocks_that_outlive_their_thread_keep_their_content_and_are_freed_by_the_main_thread);
    tcase_add_test(topic, blocks_that_outlive_their_thread_keep_their_content_and_are_freed_by_later_threads);
    return topic;
}

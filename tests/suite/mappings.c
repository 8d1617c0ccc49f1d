// mappings.c: when all blocks of a mapping are free, its memory is there for any later request, whether it was
// returned to the system or kept.
//
// The same number of bytes is taken and freed again and again. An allocator that has them free each time needs no more
// memory in the last round than in the first; one that loses them, or keeps them for one size or one thread, needs as
// many times more as there were rounds. Accepted are three times the bytes and 4 MiB, as for live blocks.

#include <pthread.h>
#include <stdbool.h>

#include "tests/suite/support/bands.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

enum { ROUND_BYTES = 16 * MIB, TIMES = 3, SLACK = 4 * MIB, SMALLEST = 16, MOST_BLOCKS = 2 * ROUND_BYTES / SMALLEST };
enum { PAGE = 4096 };

static void* blocks[MOST_BLOCKS];
static size_t resident_before;

static void write_pages(char* bytes, size_t size) {
    for (size_t i = 0; i < size; i += PAGE) bytes[i] = 1;
    bytes[size - 1] = 1;
}

static void take_many(size_t count, size_t size) {
    for (size_t i = 0; i < count; i++) {
        blocks[i] = call_xmalloc(size);
        if (blocks[i] == NULL) fail_test("%s returned NULL although there is memory", last_call());
        write_pages(blocks[i], size);
    }
}

static void free_many(size_t count, size_t size) {
    for (size_t i = 0; i < count; i++) call_xfree(blocks[i], size);
}

// By how much the process has grown since measuring was started, and whether that is too much.
static bool has_grown_above(size_t most, size_t* grown) {
    *grown = resident_at_rest(resident_before, most);
    tell_growth(*grown, most);
    return *grown > most;
}

// More than is accepted is not for that reason lost: where the memory was low when all had been free, it is this size
// that takes too much.
static void fail_for_size(size_t count, size_t size, size_t grown, size_t most, size_t idle) {
    fail_test(
        "blocks are too large: %zu blocks of %zu bytes took %zu bytes of memory each, and the process had grown by %zu "
        "KiB (at most %zu KiB are accepted); when all blocks before them were free, it was %zu KiB",
        count, size, (grown - idle) / count, grown / KIB, most / KIB, idle / KIB);
}

// Takes blocks of one size, ROUND_BYTES in all or one that is larger, and looks at the memory of the process.
// earlier: what was done in the rounds before, for the words. Result: how many blocks.
static size_t take_round(size_t round, size_t size, const char* earlier) {
    size_t count = size < ROUND_BYTES ? ROUND_BYTES / size : 1;
    size_t most = TIMES * (size < ROUND_BYTES ? ROUND_BYTES : size) + SLACK;
    size_t idle = resident_since(resident_before);
    size_t grown;
    take_many(count, size);
    if (has_grown_above(most, &grown)) {
        if (grown > idle + most - SLACK) fail_for_size(count, size, grown, most, idle);
        fail_test(
            "memory that was all free was not used again: as many bytes had been taken and freed %s in each round "
            "before, "
            "and yet in round %zu, with blocks of %zu bytes, the process had grown by %zu KiB (at most %zu KiB are "
            "accepted)",
            earlier, round, size, grown / KIB, most / KIB);
    }
    return count;
}

static void take_and_free_round(size_t round, size_t size, const char* earlier) {
    free_many(take_round(round, size, earlier), size);
}

// The table itself must be in memory before it is measured.
static void start_measuring(void) {
    write_pages((char*)blocks, sizeof blocks);
    resident_before = resident_bytes();
}

// ---- The same size again --------------------------------------------------------------------------------------------

static const size_t large_sizes[] = {20000, 100000, 1 * MIB, 5 * MIB, 17 * MIB, 40 * MIB};
enum { LARGE_SIZES = sizeof large_sizes / sizeof large_sizes[0] };

START_TEST(large_blocks_that_were_freed_are_returned_or_used_again) {
    start_measuring();
    for (size_t round = 1; round <= 6; round++) {
        take_and_free_round(round, large_sizes[_i], "in blocks of the same size");
    }
}
END_TEST

// Blocks of one size are taken and freed, then a few of a smaller one are taken, and stay. They may be cut from what
// was freed; what is left of it must serve the next large ones.
static const size_t large_and_small[][2] = {{7 * MIB, 40000}, {2 * MIB, 5000}, {1 * MIB, 300000}, {2 * MIB, 100}};
enum { LARGE_AND_SMALL = sizeof large_and_small / sizeof large_and_small[0] };
enum { LARGE_AT_ONCE = 4, LARGE_ROUNDS = 24 };

START_TEST(a_small_block_does_not_keep_the_memory_of_a_large_one) {
    size_t large = large_and_small[_i][0];
    size_t small = large_and_small[_i][1];
    start_measuring();
    for (size_t round = 1; round <= LARGE_ROUNDS; round++) {
        take_many(LARGE_AT_ONCE, large);
        size_t most = TIMES * LARGE_AT_ONCE * (large + round * small) + SLACK;
        size_t grown;
        if (has_grown_above(most, &grown)) {
            fail_test(
                "%d blocks of %zu bytes were taken and freed, then %d of %zu bytes taken and kept, and so in each of "
                "%zu rounds: the process had grown by %zu KiB (at most %zu KiB are accepted), so the small blocks keep "
                "memory of the large ones",
                LARGE_AT_ONCE, large, LARGE_AT_ONCE, small, round, grown / KIB, most / KIB);
        }
        free_many(LARGE_AT_ONCE, large);
        take_many(LARGE_AT_ONCE, small);
    }
}
END_TEST

// ---- Another size, another thread -----------------------------------------------------------------------------------

// Sizes of all kinds, in an order in which hardly a round is like the one before; and a size of each band, which chance
// chooses, for an allocator may treat any sizes apart.
static const size_t mixed_sizes[] = {48, 3 * MIB, 900, 20000, 112, 2000, 300000, 64};
enum { MIXED_SIZES = sizeof mixed_sizes / sizeof mixed_sizes[0], FIRST_BAND = 2, STEP = 7 };

START_TEST(memory_that_was_all_freed_serves_blocks_of_any_other_size) {
    start_measuring();
    for (size_t i = 0; i < MIXED_SIZES; i++) take_and_free_round(i + 1, mixed_sizes[i], "in blocks of another size");
}
END_TEST

START_TEST(memory_that_was_all_freed_serves_blocks_of_a_size_of_each_kind) {
    uint64_t random = random_start(0);
    start_measuring();
    enum { ROUNDS = BANDS - FIRST_BAND };
    for (size_t i = 0; i < ROUNDS; i++) {
        size_t band = FIRST_BAND + i * STEP % ROUNDS;
        take_and_free_round(i + 1, random_between(&random, band_least(band), band_most(band)),
                            "in blocks of another size");
    }
}
END_TEST

// One size after another, each twice as much as in a round. Two sorts of memory that do not serve each other are not
// three times as much, but there is no use for the first of them: the process may grow to what the first size took, or
// to 1.75 times the bytes of the second.
static const size_t pairs[][2] = {{16, 50000}, {100, 50000}, {1000, 3 * MIB}, {50000, 1000}, {3 * MIB, 1000}};
enum { PAIRS = sizeof pairs / sizeof pairs[0], PAIR_BYTES = 2 * ROUND_BYTES };

START_TEST(memory_of_a_size_that_was_all_freed_does_not_lie_beside_that_of_another) {
    size_t first = pairs[_i][0];
    size_t second = pairs[_i][1];
    start_measuring();
    take_many(PAIR_BYTES / first, first);
    size_t had = resident_since(resident_before);
    free_many(PAIR_BYTES / first, first);
    size_t idle = resident_since(resident_before);
    take_many(PAIR_BYTES / second, second);
    size_t most = (had > PAIR_BYTES / 4 * 7 ? had : PAIR_BYTES / 4 * 7) + SLACK;
    if (idle <= SLACK) most = TIMES * PAIR_BYTES + SLACK;  // nothing lies beside the second size
    size_t grown;
    if (has_grown_above(most, &grown)) {
        if (grown > idle + TIMES * PAIR_BYTES) fail_for_size(PAIR_BYTES / second, second, grown, most, idle);
        fail_test(
            "memory that was all free was not used again: %d MiB in blocks of %zu bytes had been taken (%zu KiB) and "
            "freed, and with %d MiB in blocks of %zu bytes the process had grown by %zu KiB (at most %zu KiB are "
            "accepted)",
            PAIR_BYTES / MIB, first, had / KIB, PAIR_BYTES / MIB, second, grown / KIB, most / KIB);
    }
}
END_TEST

// The threads live until the end, and take turns: what one of them has freed, the next must be able to use. So must the
// others when somebody else has freed it while the thread that took it sleeps.
static pthread_barrier_t turn;
// The last size is more than a thread may keep for itself.
static const size_t passed_sizes[] = {24, 100, 200, 1000, 20000, 300000, 24 * MIB};
enum { THREADS = 6, PASSED_SIZES = sizeof passed_sizes / sizeof passed_sizes[0] };
static size_t passed_size;

static size_t passed_count;

static void free_passed(void) {
    free_many(passed_count, passed_size);
    passed_count = 0;
}

static void wait_for_turn_to_take_or_free(size_t index) {
    for (size_t i = 0; i < THREADS; i++) {
        if (i == index)
            passed_count = take_round(i + 1, passed_size, "by another thread, while the one that took them slept,");
        pthread_barrier_wait(&turn);
        if (i == (index + 1) % THREADS) free_passed();
        pthread_barrier_wait(&turn);
    }
}

static void wait_for_turn(size_t index) {
    for (size_t i = 0; i < THREADS; i++) {
        if (i == index) take_and_free_round(i + 1, passed_size, "by another thread");
        pthread_barrier_wait(&turn);
    }
}

static void run_in_turn(size_t size, void (*work)(size_t index)) {
    passed_size = size;
    pthread_barrier_init(&turn, NULL, THREADS);
    start_measuring();
    run_threads(THREADS, work);
    pthread_barrier_destroy(&turn);
}

START_TEST(memory_that_one_thread_has_all_freed_serves_the_other_threads) {
    run_in_turn(passed_sizes[_i], wait_for_turn);
}
END_TEST

START_TEST(memory_that_others_have_freed_while_its_thread_sleeps_serves_all_threads) {
    run_in_turn(passed_sizes[_i], wait_for_turn_to_take_or_free);
}
END_TEST

TCase* mappings_case(void) {
    TCase* topic = new_case("mappings");
    if (under_a_tool()) return topic;  // it is the tool's memory that would be measured
    add_long_loop_test(topic, large_blocks_that_were_freed_are_returned_or_used_again, 0, LARGE_SIZES);
    add_long_loop_test(topic, a_small_block_does_not_keep_the_memory_of_a_large_one, 0, LARGE_AND_SMALL);
    if (!backend.shares_sizes) return topic;
    add_long_test(topic, memory_that_was_all_freed_serves_blocks_of_any_other_size);
    add_long_test(topic, memory_that_was_all_freed_serves_blocks_of_a_size_of_each_kind);
    add_long_loop_test(topic, memory_of_a_size_that_was_all_freed_does_not_lie_beside_that_of_another, 0, PAIRS);
    add_long_loop_test(topic, memory_that_one_thread_has_all_freed_serves_the_other_threads, 0, PASSED_SIZES);
    add_long_loop_test(topic, memory_that_others_have_freed_while_its_thread_sleeps_serves_all_threads, 0,
                       PASSED_SIZES);
    return topic;
}

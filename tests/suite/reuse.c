// reuse.c: freed memory is handed out again. The address space of the process stays as it is, however much is
// taken and given back.
//
// Where only the course's promises are asked, it is memory that counts and not addresses: an allocator may reserve
// these in large pieces, and may return the memory instead of using it again.

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

// What was taken in a test is at least twice as much, so that a backend that never reuses memory is always seen.
enum { ALLOWED_GROWTH = 8 * MIB, WARM_UP = 2000, PAGE = 4096 };

static size_t bytes_now(void) { return backend.course ? resident_bytes() : mapped_bytes(); }
static size_t grown_since(size_t before) { return backend.course ? resident_since(before) : mapped_since(before); }
static const char* what_grew(void) { return backend.course ? "memory" : "address space"; }

// Looked at now and then, so that a backend that leaks fails before it has filled the machine, or grown too slow to
// end.
static void expect_no_growth(size_t before, const char* what, size_t times) {
    if (times % 100 != 0) return;
    size_t grown = grown_since(before);
    if (grown > ALLOWED_GROWTH / 2) tell_growth(grown, ALLOWED_GROWTH);
    if (grown <= ALLOWED_GROWTH) return;
    fail_test(
        "%s %zu times, and the %s of the process grew by %zu KiB: freed memory is not reused (at most %d KiB are "
        "accepted; last call: %s)",
        what, times, what_grew(), grown / KIB, ALLOWED_GROWTH / KIB, last_call());
}

// Only the ends of the block are written: that is enough to make it real, and quick. Where memory is measured, all of
// it must be real.
static void take_and_free(size_t size) {
    unsigned char* bytes = call_xmalloc(size);
    if (bytes == NULL) fail_test("%s returned NULL although all blocks have been freed", last_call());
    for (size_t i = 0; backend.course && i < size; i += PAGE) bytes[i] = 1;
    bytes[0] = 1;
    bytes[size - 1] = 1;
    call_xfree(bytes, size);
}

static const struct {
    size_t size;
    size_t times;
} pairs[] = {
    {16, 1000000},  {50, 1000000},   {100, 1000000},  {600, 1000000},  {3000, 1000000},
    {5000, 100000}, {20000, 100000}, {300000, 20000}, {3 * MIB, 2000},
};

// A grader has little time, but must not be satisfied with less than several times what may be lost.
static size_t times_for(size_t size, size_t times) {
    size_t enough = 64 * (size_t)MIB / size / 100 * 100 + 200;
    return backend.course && times > enough ? enough : times;
}

START_TEST(a_million_blocks_taken_and_freed_one_by_one_do_not_grow_memory) {
    size_t size = pairs[_i].size;
    size_t times = times_for(size, pairs[_i].times);
    size_t warm_up = backend.course ? times / 10 : WARM_UP;
    for (size_t i = 0; i < warm_up; i++) take_and_free(size);
    size_t before = bytes_now();
    for (size_t i = 1; i <= times; i++) {
        take_and_free(size);
        expect_no_growth(before, "a block was taken and freed", i);
    }
}
END_TEST

// ---- Among live blocks
// -------------------------------------------------------------------------------------------------

enum { LIVE = 1000 };

static Block blocks[LIVE];

static void replace_one(uint64_t* random) {
    Block* block = &blocks[random_between(random, 0, LIVE - 1)];
    give_back(block);
    take(block, random_between(random, 1, 2000));
}

START_TEST(a_million_blocks_of_mixed_sizes_replaced_among_live_ones_do_not_grow_memory) {
    uint64_t random = random_start(0);
    for (size_t i = 0; i < 20 * LIVE; i++) replace_one(&random);
    size_t before = bytes_now();
    size_t times = scaled(1000000);
    for (size_t i = 1; i <= times; i++) {
        replace_one(&random);
        expect_no_growth(before, "one of 1000 live blocks was replaced", i);
    }
    give_back_all(blocks, LIVE);
}
END_TEST

START_TEST(half_a_million_resizes_do_not_grow_memory) {
    uint64_t random = random_start(0);
    take(&blocks[0], 1);
    for (size_t i = 0; i < WARM_UP; i++) resize(&blocks[0], random_between(&random, 1, 20000));
    size_t before = bytes_now();
    size_t times = backend.course ? 100000 : 500000;
    for (size_t i = 1; i <= times; i++) {
        resize(&blocks[0], random_between(&random, 1, i % 50 == 0 ? 20000 : 1000));
        expect_no_growth(before, "a block was resized", i);
    }
    give_back(&blocks[0]);
}
END_TEST

START_TEST(resizing_to_0_frees_the_block) {
    size_t before = mapped_bytes();
    for (size_t i = 1; i <= 200000; i++) {
        void* block = call_xmalloc(200);
        call_xrealloc(block, 200, 0);
        expect_no_growth(before, "a block was resized to 0", i);
    }
}
END_TEST

// ---- Between threads
// ---------------------------------------------------------------------------------------------------

static void take_all(void) {
    for (size_t i = 0; i < LIVE; i++) take(&blocks[i], 16 + i);
}

// One thread only takes and the other only frees: it must not keep to itself what it frees. A submission may keep
// something, so it gets 60 MiB to fill its caches before growth is measured.
static pthread_barrier_t turn;

static void take_or_free_in_turn(size_t index) {
    enum { WARM_UP_ROUNDS = 20, ROUNDS = 500, LONGER_WARM_UP_ROUNDS = 120, FEWER_ROUNDS = 240 };
    size_t before = 0;
    size_t rounds = backend.course ? FEWER_ROUNDS : ROUNDS;
    size_t warm_up = backend.course ? LONGER_WARM_UP_ROUNDS : WARM_UP_ROUNDS;
    for (size_t i = 1; i <= rounds; i++) {
        if (index == 0) take_all();
        pthread_barrier_wait(&turn);
        if (index == 1) give_back_all(blocks, LIVE);
        pthread_barrier_wait(&turn);
        if (index == 0 && i == warm_up) before = bytes_now();
        if (before > 0) expect_no_growth(before, "1000 blocks were taken by one thread and freed by another", i);
    }
}

START_TEST(blocks_freed_by_another_thread_are_reused) {
    pthread_barrier_init(&turn, NULL, 2);
    run_threads(2, take_or_free_in_turn);
    pthread_barrier_destroy(&turn);
}
END_TEST

// Four threads want the same locks all the time. An allocator that evades a lock that is held may give a block to the
// wrong place just then, and never find it again. As many pairs as a quick one does in a moment, and not for ever.
enum {
    CONTENDING = 4,
    PAIRS = 300000,
    PAIRS_OF_WARM_UP = 30000,
    BETWEEN_LOOKS = 1000,
    MOST_SECONDS = 2,
    CONTENDED_BYTES = 100,
    CONTENDED_GROWTH = 4 * MIB
};

static size_t pairs_wanted;
static atomic_size_t pairs_done;

static void take_and_free_in_a_hurry(size_t index) {
    (void)index;
    struct timespec start;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (size_t i = 1; i <= pairs_wanted; i++) {
        void* block = call_xmalloc(CONTENDED_BYTES);
        if (block == NULL) fail_test("%s returned NULL although nearly all blocks have been freed", last_call());
        *(char*)block = 1;
        call_xfree(block, CONTENDED_BYTES);
        if (i % BETWEEN_LOOKS != 0) continue;
        pairs_done += BETWEEN_LOOKS;
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec - start.tv_sec >= MOST_SECONDS) break;
    }
}

START_TEST(threads_that_take_and_free_at_the_same_time_do_not_grow_memory) {
    pairs_wanted = PAIRS_OF_WARM_UP;
    run_threads(CONTENDING, take_and_free_in_a_hurry);
    size_t before = resident_bytes();
    pairs_wanted = PAIRS;
    pairs_done = 0;
    run_threads(CONTENDING, take_and_free_in_a_hurry);
    size_t grown = resident_since(before);
    tell_growth(grown, CONTENDED_GROWTH);
    if (grown <= CONTENDED_GROWTH) return;
    fail_test(
        "4 threads took and freed a block of %d bytes at the same time, %zu times in all, and the memory of the "
        "process "
        "grew by %zu KiB: blocks that are freed while threads contend for a lock are not found again (at most %d KiB "
        "are accepted)",
        CONTENDED_BYTES, (size_t)pairs_done, grown / KIB, CONTENDED_GROWTH / KIB);
}
END_TEST

// ---- For another size
// --------------------------------------------------------------------------------------------------

enum { FILLED = 64 * MIB, MOST_BLOCKS = FILLED / 48 };

static void* filling[MOST_BLOCKS];

static size_t fill_heap(size_t size) {
    size_t count = FILLED / size;
    for (size_t i = 0; i < count; i++) {
        filling[i] = call_xmalloc(size);
        if (filling[i] == NULL) fail_test("%s returned NULL although there is memory", last_call());
        *(char*)filling[i] = 1;
    }
    return count;
}

// Headers and rounding may take three quarters more than what was asked for. Memory that only served one size would be
// twice as much after the second.
START_TEST(memory_freed_in_blocks_of_one_size_serves_another_size) {
    static const size_t sizes[] = {48, 2000, 112, 3 * MIB, 900, 20000, 64};
    size_t before = mapped_bytes();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t count = fill_heap(sizes[i]);
        size_t grown = mapped_since(before);
        for (size_t k = 0; k < count; k++) call_xfree(filling[k], sizes[i]);
        if (grown <= FILLED / 4 * 7) continue;
        fail_test(
            "%d MiB were taken in blocks of %zu bytes, freed, and taken in blocks of %zu bytes: the address space "
            "has grown by %zu MiB, so the freed memory was not used for the other size",
            FILLED / MIB, i == 0 ? 0 : sizes[i - 1], sizes[i], grown / MIB);
    }
}
END_TEST

TCase* reuse_case(void) {
    TCase* topic = new_case("reuse");
    if (under_a_tool()) return topic;  // it is the tool's memory that would be measured
    tcase_add_loop_test(topic, a_million_blocks_taken_and_freed_one_by_one_do_not_grow_memory, 0,
                        sizeof pairs / sizeof pairs[0]);
    tcase_add_test(topic, a_million_blocks_of_mixed_sizes_replaced_among_live_ones_do_not_grow_memory);
    tcase_add_test(topic, half_a_million_resizes_do_not_grow_memory);
    if (!backend.course) tcase_add_test(topic, resizing_to_0_frees_the_block);
    tcase_add_test(topic, blocks_freed_by_another_thread_are_reused);
    tcase_add_test(topic, threads_that_take_and_free_at_the_same_time_do_not_grow_memory);
    if (backend.shares_sizes && !backend.course)
        tcase_add_test(topic, memory_freed_in_blocks_of_one_size_serves_another_size);
    return topic;
}

// memory.c: an allocator may take at most three times the memory that it hands out (or what else was promised), and 4
// MiB; it is asked for blocks of 16 bytes and more.
//
// Each size has a process of its own, in which blocks are only taken, and written to their last byte. So this is about
// headers, rounding and pages that are used in part, not about what becomes of freed memory.

#include <stdio.h>
#include <string.h>

#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

enum { SLACK = 4 * MIB, THREADS = 4, SLOW = 10 };

// Not right above a power of two, where a header makes a buddy allocator round up to more than three times.
static const size_t sizes[] = {16,   24,   40,   56,   80,   100,  150,  220,  250,   400,   500,    700,
                               1000, 1500, 2000, 2500, 3000, 3500, 5000, 9000, 20000, 70000, 300000, MIB + 5000};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

// Likewise; from each to a fourth more.
static const size_t between_from[] = {26, 66, 128, 260, 520, 1040, 2080, 10300, 41000, 660000, 4500000};
enum { BETWEEN = sizeof between_from / sizeof between_from[0] };

static const size_t grown_sizes[] = {120, 500, 3900, 60000};
enum { GROWN_SIZES = sizeof grown_sizes / sizeof grown_sizes[0] };

// A list that keeps the unused end of every page gets long while these are taken, and is walked by every call.
static size_t payload_bytes(void) { return (backend.slowness > SLOW ? 6 : 8) * (size_t)MIB; }

static void take_and_write(size_t size) {
    void* block = call_xmalloc(size);
    if (block == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
    memset(block, 1, size);
}

// count: how many blocks.
static void expect_little(size_t before, size_t payload, size_t count, const char* what) {
    size_t grown = resident_since(before);
    tell_growth(grown, backend.memory_times * payload + SLACK);
    if (payload == 0 || grown <= backend.memory_times * payload + SLACK) return;
    fail_test(
        "blocks are too large: %s took %zu bytes of memory each, which is %zu.%zu times as much (accepted are %zu "
        "times as "
        "much, and %d MiB in all)",
        what, grown / count, grown / payload, grown % payload * 10 / payload, backend.memory_times, SLACK / MIB);
}

static void expect_little_of(size_t size, size_t payload) {
    size_t count = payload / size;
    size_t before = resident_bytes();
    for (size_t i = 0; i < count; i++) take_and_write(size);

    static char what[64];
    snprintf(what, sizeof what, "%zu blocks of %zu bytes", count, size);
    expect_little(before, count * size, count, what);
}

START_TEST(blocks_of_one_size_need_at_most_three_times_their_bytes) { expect_little_of(sizes[_i], payload_bytes()); }
END_TEST

// A size between each two of the sizes, which chance chooses: classes may have a gap anywhere.
START_TEST(blocks_of_a_size_between_need_at_most_three_times_their_bytes) {
    uint64_t random = random_start((size_t)_i);
    expect_little_of(random_between(&random, between_from[_i], between_from[_i] * 5 / 4), 2 * payload_bytes());
}
END_TEST

// Blocks that have grown to their size. Room for as much again is not too much, whatever power of two it is rounded to.
START_TEST(blocks_that_grew_need_at_most_three_times_their_bytes) {
    size_t size = grown_sizes[_i];
    size_t count = payload_bytes() / size;
    size_t before = resident_bytes();
    for (size_t i = 0; i < count; i++) {
        void* block = call_xrealloc(call_xmalloc(size / 2), size / 2, size);
        if (block == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
        memset(block, 1, size);
    }

    static char what[96];
    snprintf(what, sizeof what, "%zu blocks that xrealloc made %zu bytes long, of %zu,", count, size, size / 2);
    expect_little(before, count * size, count, what);
}
END_TEST

// ---- Several threads ------------------------------------------------------------------------------------------------

static size_t taken_bytes[THREADS];
static size_t taken_blocks[THREADS];

static void take_mixed(size_t index) {
    uint64_t random = random_start(index);
    while (taken_bytes[index] < payload_bytes()) {
        size_t size = random_between(&random, 16, random_between(&random, 0, 9) == 0 ? 20000 : 600);
        take_and_write(size);
        taken_bytes[index] += size;
        taken_blocks[index]++;
    }
}

START_TEST(mixed_blocks_of_four_threads_need_at_most_three_times_their_bytes) {
    size_t before = resident_bytes();
    size_t payload = 0;
    size_t count = 0;
    run_threads(THREADS, take_mixed);
    for (size_t i = 0; i < THREADS; i++) {
        payload += taken_bytes[i];
        count += taken_blocks[i];
    }

    static char what[96];
    snprintf(what, sizeof what, "blocks of 16 to 20000 bytes (%zu on average) of %d threads", payload / count, THREADS);
    expect_little(before, payload, count, what);
}
END_TEST

TCase* memory_case(void) {
    TCase* topic = new_case("memory");
    if (under_a_tool()) return topic;  // it is the tool's memory that would be measured
    add_long_loop_test(topic, blocks_of_one_size_need_at_most_three_times_their_bytes, 0, SIZES);
    add_long_loop_test(topic, blocks_of_a_size_between_need_at_most_three_times_their_bytes, 0, BETWEEN);
    add_long_loop_test(topic, blocks_that_grew_need_at_most_three_times_their_bytes, 0, GROWN_SIZES);
    add_long_test(topic, mixed_blocks_of_four_threads_need_at_most_three_times_their_bytes);
    return topic;
}

// reuse.c: freed memory is handed out again. The process stays as it is, however much is taken and given back.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/suite/support/bands.h"
#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/growth.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

// What was taken in a test is at least twice as much, so that a backend that never reuses memory is always seen.
enum { ALLOWED_GROWTH = 8 * MIB, PAGE = 4096 };

// ---- Every size, every way ------------------------------------------------------------------------------------------

static void take_and_free(size_t size) { call_xfree(take_real(size), size); }

// The second block keeps the first one from growing in its place.
static void take_resize_and_free(size_t size) {
    void* block = take_real(size);
    void* obstacle = call_xmalloc(size);
    size_t larger = size / 2 * 3;
    block = resize_real(block, size, larger);
    block = resize_real(block, larger, size / 4);
    call_xfree(obstacle, size);
    call_xfree(block, size / 4);
}

// A band of some pages comes first: what loses every block is seen there after few calls. The lists of a slow backend
// would be long before it was seen at a small size.
enum { FIRST_BAND = 8 };

static size_t band_in_turn(size_t turn) { return turn == 0 ? FIRST_BAND : turn <= FIRST_BAND ? turn - 1 : turn; }

static void go_through_bands(void (*once)(size_t size), const char* what) {
    for (size_t turn = 0; turn < BANDS; turn++) {
        size_t band = band_in_turn(turn);
        size_t enough = enough_blocks(band);
        size_t look_every = band_count(band, 1 * MIB, 1, 1000);
        for (size_t i = 0; i < enough / 10 + 1; i++) once(band_size(band, i));
        size_t before = bytes_now();
        size_t start_ms = cpu_ms();
        size_t done = 0;
        while (done < enough) {
            once(band_size(band, ++done));
            if (done % look_every != 0) continue;
            look_at_growth(allowed_in(band), before, in_words(band, what), done);
            if (is_enough(band, done, start_ms)) break;
        }
        expect_growth_below(allowed_in(band), before, in_words(band, what), done);
    }
}

START_TEST(blocks_of_any_size_taken_and_freed_one_by_one_do_not_grow_memory) {
    go_through_bands(take_and_free, "taken and freed");
}
END_TEST

START_TEST(blocks_of_any_size_resized_do_not_grow_memory) {
    go_through_bands(take_resize_and_free, "taken, resized and freed");
}
END_TEST

// Often enough that a table which notes each of them, and forgets none, becomes full.
START_TEST(a_hundred_thousand_blocks_of_some_pages_taken_and_freed_do_not_grow_memory) {
    enum { TIMES = 100000, TIMES_OF_SLOW = 40000, BYTES = 20000, LOOK_EVERY = 5000 };
    size_t times = scaled_for_tool(backend.slowness > 10 ? TIMES_OF_SLOW : TIMES);
    take_and_free(BYTES);
    size_t before = bytes_now();
    for (size_t i = 1; i <= times; i++) {
        take_and_free(BYTES + i % 4 * PAGE);
        if (i % LOOK_EVERY == 0) look_at_growth(ALLOWED_GROWTH, before, "a block of some pages was taken and freed", i);
    }
    expect_growth_below(ALLOWED_GROWTH, before, "a block of some pages was taken and freed", times);
}
END_TEST

// ---- Among live blocks ----------------------------------------------------------------------------------------------

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
        if (i % 100 == 0) look_at_growth(ALLOWED_GROWTH, before, "one of 1000 live blocks was replaced", i);
    }
    expect_growth_below(ALLOWED_GROWTH, before, "one of 1000 live blocks was replaced", times);
    give_back_all(blocks, LIVE);
}
END_TEST

START_TEST(resizing_to_0_frees_the_block) {
    size_t before = mapped_bytes();
    for (size_t i = 1; i <= 200000; i++) {
        void* block = call_xmalloc(200);
        call_xrealloc(block, 200, 0);
        if (i % 100 == 0) expect_growth_below(ALLOWED_GROWTH, before, "a block was resized to 0", i);
    }
}
END_TEST

// ---- For another size -----------------------------------------------------------------------------------------------

enum { FILLED = 64 * MIB, MOST_FILLING = FILLED / 48 };

static void* filling[MOST_FILLING];

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
    add_test(topic, blocks_of_any_size_taken_and_freed_one_by_one_do_not_grow_memory);
    add_test(topic, blocks_of_any_size_resized_do_not_grow_memory);
    add_test(topic, a_million_blocks_of_mixed_sizes_replaced_among_live_ones_do_not_grow_memory);
    if (!backend.course) add_test(topic, resizing_to_0_frees_the_block);
    add_long_test(topic, a_hundred_thousand_blocks_of_some_pages_taken_and_freed_do_not_grow_memory);
    add_reuse_between_threads(topic);
    if (backend.shares_sizes && !backend.course)
        add_test(topic, memory_freed_in_blocks_of_one_size_serves_another_size);
    return topic;
}

// reuse.c: freed memory is handed out again. The process stays as it is, however much is taken and given back.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

// A large block may be a mapping of its own, of which a page is lost in each call: it takes many calls to see that.
// Only the ends are written, so that such a mapping costs little; and the size is the same in all calls, so that who
// keeps the block has the same pages in memory each time. Whole pages leave a header no room; other sizes do.
enum { FIRST_LARGE_BAND = 16, LARGE_BANDS = 6, LARGE_TIMES = 1500, LARGE_ENOUGH_MS = 300, LOST_PAGES = 1 * MIB };

static unsigned char* take_ends(size_t size) {
    unsigned char* block = call_xmalloc(size);
    if (block == NULL) fail_test("%s returned NULL although nearly all blocks have been freed", last_call());
    block[0] = block[size - 1] = 1;
    return block;
}

static void take_ends_and_free(size_t size) { call_xfree(take_ends(size), size); }

static void take_ends_resize_and_free(size_t size) {
    void* block = resize_real(take_ends(size), size, size / 4);
    block = resize_real(block, size / 4, size / 2);
    call_xfree(block, size / 2);
}

static void expect_no_page_lost(size_t size, void (*once)(size_t size), const char* what) {
    for (size_t i = 0; i < 4; i++) once(size);
    size_t before = resident_bytes();
    size_t start_ms = cpu_ms();
    size_t times = 0;
    while (times < LARGE_TIMES && cpu_ms() - start_ms < LARGE_ENOUGH_MS) {
        once(size);
        times++;
    }
    size_t grown = resident_at_rest(before, LOST_PAGES);
    if (grown > LOST_PAGES / 2) tell_growth(grown, LOST_PAGES);
    if (grown <= LOST_PAGES) return;
    fail_test(
        "a block of %zu bytes was %s %zu times, and only its ends were written: the memory of the process grew by %zu "
        "KiB (at most %d KiB are accepted), so a part of the block is not given back each time",
        size, what, times, grown / KIB, LOST_PAGES / KIB);
}

START_TEST(large_blocks_taken_and_freed_often_lose_no_page) {
    uint64_t random = random_start((size_t)_i);
    size_t band = FIRST_LARGE_BAND + (size_t)_i;
    size_t size = random_between(&random, band_least(band), band_most(band));
    size_t pages = size / (4 * PAGE) * 4 * PAGE;
    expect_no_page_lost(pages, take_ends_and_free, "taken and freed");
    expect_no_page_lost(size, take_ends_and_free, "taken and freed");
    expect_no_page_lost(pages, take_ends_resize_and_free, "taken, resized and freed");
    expect_no_page_lost(size, take_ends_resize_and_free, "taken, resized and freed");
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

// One block of many stays, so that no page, and no larger piece of which blocks are cut, is ever empty. What is free
// between these blocks must serve the next ones of their size.
enum {
    HOLES_BYTES = 2 * MIB,
    HOLES_ROUNDS = 24,
    ONE_STAYS_OF = 50,
    MOST_HOLES = HOLES_BYTES / 24,
    HOLES_ENOUGH_MS = 1500  // for who walks a list of the holes
};
static const size_t holed_sizes[] = {24, 100, 480, 1000, 5000, 20000, 70000};

static void* holed[MOST_HOLES];

START_TEST(blocks_freed_between_live_ones_are_reused) {
    size_t size = holed_sizes[_i];
    size_t count = HOLES_BYTES / size;
    size_t most = backend.memory_times * (HOLES_BYTES + HOLES_BYTES / ONE_STAYS_OF * HOLES_ROUNDS) + ALLOWED_GROWTH;
    memset(holed, 1, sizeof holed);
    size_t before = resident_bytes();
    size_t start_ms = cpu_ms();
    for (size_t round = 1; round <= HOLES_ROUNDS && cpu_ms() - start_ms < HOLES_ENOUGH_MS; round++) {
        for (size_t i = 0; i < count; i++) holed[i] = take_real(size);
        size_t grown = resident_at_rest(before, most);
        if (grown > most) {
            fail_test(
                "of %zu blocks of %zu bytes one in %d was kept and the others were freed, and so again in each of %zu "
                "rounds: the process has grown by %zu KiB (at most %zu KiB are accepted), so what was freed between "
                "live blocks was not reused",
                count, size, ONE_STAYS_OF, round, grown / KIB, most / KIB);
        }
        for (size_t i = 0; i < count; i++) {
            if (i % ONE_STAYS_OF != round % ONE_STAYS_OF) call_xfree(holed[i], size);
        }
    }
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
        if (filling[i] == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
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
    add_long_loop_test(topic, large_blocks_taken_and_freed_often_lose_no_page, 0, LARGE_BANDS);
    add_long_loop_test(topic, blocks_freed_between_live_ones_are_reused, 0, sizeof holed_sizes / sizeof holed_sizes[0]);
    add_test(topic, a_million_blocks_of_mixed_sizes_replaced_among_live_ones_do_not_grow_memory);
    if (!backend.course) add_test(topic, resizing_to_0_frees_the_block);
    add_long_test(topic, a_hundred_thousand_blocks_of_some_pages_taken_and_freed_do_not_grow_memory);
    add_reuse_steady(topic);
    add_reuse_between_threads(topic);
    add_reuse_put_aside(topic);
    if (backend.shares_sizes && !backend.course)
        add_test(topic, memory_freed_in_blocks_of_one_size_serves_another_size);
    return topic;
}

// reuse.c: freed memory is handed out again. The address space of the process stays as it is, however much is
// taken and given back.
//
// Where only the course's promises are asked, it is memory that counts and not addresses: an allocator may reserve
// these in large pieces, and may return the memory instead of using it again.

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "tests/suite/support/bands.h"
#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

// What was taken in a test is at least twice as much, so that a backend that never reuses memory is always seen.
enum { ALLOWED_GROWTH = 8 * MIB, PAGE = 4096 };

static size_t bytes_now(void) { return backend.course ? resident_bytes() : mapped_bytes(); }
static size_t grown_since(size_t before) { return backend.course ? resident_since(before) : mapped_since(before); }
static const char* what_grew(void) { return backend.course ? "memory" : "address space"; }

// most: what the growth is measured against, now; allowed: at the end.
static void expect_growth(size_t most, size_t allowed, size_t before, const char* what, size_t times) {
    size_t grown = grown_since(before);
    if (grown > most || (most == allowed && grown > allowed / 2)) tell_growth(grown, allowed);
    if (grown <= most) return;
    fail_test(
        "%s %zu times, and the %s of the process grew by %zu KiB: freed memory is not reused (at most %zu KiB are "
        "accepted; last call: %s)",
        what, times, what_grew(), grown / KIB, allowed / KIB, last_call());
}

static void expect_growth_below(size_t allowed, size_t before, const char* what, size_t times) {
    expect_growth(allowed, allowed, before, what, times);
}

// Looks now and then, so that a backend that leaks fails before it has filled the machine, or grown too slow to end.
// That is when the growth is beyond doubt: twice what is accepted. The grader measures what is near its limit again.
static void look_at_growth(size_t allowed, size_t before, const char* what, size_t times) {
    expect_growth(2 * allowed, allowed, before, what, times);
}

// ---- Every size, every way ------------------------------------------------------------------------------------------

// Each way in which a block can come back is asked in each band of sizes. As many blocks take it as make twice what may
// be lost, so that the loss of all of them is seen. An allocator may keep a block or two of any size.
static size_t allowed_in(size_t band) { return 4 * MIB + 2 * band_most(band); }

static size_t enough_bytes(size_t band) { return 2 * allowed_in(band); }

static size_t enough_blocks(size_t band) { return band_count(band, enough_bytes(band), 1, SIZE_MAX); }

// A call that is as slow as this maps something, and what it loses is a page at least: then fewer blocks are enough.
enum { SLOW_MS = 150 };

static size_t cpu_ms(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (size_t)used.tv_sec * 1000 + (size_t)used.tv_nsec / 1000000;
}

static bool is_enough(size_t band, size_t blocks, size_t start_ms) {
    size_t least = band_least(band) < PAGE ? PAGE : band_least(band);
    return blocks * least >= enough_bytes(band) && cpu_ms() - start_ms > SLOW_MS;
}

static const char* in_words(size_t band, const char* what) {
    static char text[256];
    snprintf(text, sizeof text, "a block of %zu to %zu bytes was %s", band_least(band), band_most(band), what);
    return text;
}

// Only the ends of the block are written: that is enough to make it real, and quick. Where memory is measured, all of
// it must be real.
static void* touch(void* block, size_t size) {
    unsigned char* bytes = block;
    if (bytes == NULL) fail_test("%s returned NULL although nearly all blocks have been freed", last_call());
    for (size_t i = 0; backend.course && i < size; i += PAGE) bytes[i] = 1;
    bytes[0] = 1;
    bytes[size - 1] = 1;
    return block;
}

static void* take_real(size_t size) { return touch(call_xmalloc(size), size); }

// What it held before is real already, and lost in full when it is lost: no more need be.
static void* resize_real(void* block, size_t size, size_t new_size) {
    unsigned char* bytes = call_xrealloc(block, size, new_size);
    if (bytes == NULL) fail_test("%s returned NULL although nearly all blocks have been freed", last_call());
    bytes[0] = 1;
    bytes[new_size - 1] = 1;
    return bytes;
}

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

// ---- Between threads ------------------------------------------------------------------------------------------------

// One thread only takes and the other only frees, or resizes before it frees: it must not keep to itself what comes to
// it. A submission may keep something, so blocks have gone that way for a while before growth is measured.
enum { MOST_HANDED = 2000, HANDED_BYTES = 3 * MIB, FEWEST_HANDED = 2 };

static void* handed[MOST_HANDED];
static bool other_resizes;

// Of a band all sizes are used, or those of one quarter of it: what is lost in a class of a few sizes is little of all.
enum { QUARTERS = 4, ALL_QUARTERS = QUARTERS };
static size_t quarter = ALL_QUARTERS;

static size_t handed_size(size_t band, size_t i) {
    size_t size = band_size(band, i);
    if (quarter == ALL_QUARTERS) return size;
    size_t width = band_least(band) / QUARTERS;
    return band_least(band) + quarter * width + size % width;
}
static pthread_barrier_t turn;

static void take_for_the_other(size_t band, size_t count) {
    for (size_t i = 0; i < count; i++) handed[i] = take_real(handed_size(band, i));
}

static void free_what_the_other_took(size_t band, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t size = handed_size(band, i);
        if (!other_resizes) {
            call_xfree(handed[i], size);
        } else {
            call_xfree(resize_real(handed[i], size, size / 2 * 3), size / 2 * 3);
        }
    }
}

// Each of the two threads calls this with its index. Result: how many rounds there were.
static size_t pass_on(size_t band, size_t count, size_t rounds, size_t index) {
    static bool is_over;  // the first thread says so while the other one waits
    size_t start_ms = cpu_ms();
    for (size_t i = 1;; i++) {
        if (index == 0) {
            take_for_the_other(band, count);
            is_over = i >= rounds || is_enough(band, i * count, start_ms);
        }
        pthread_barrier_wait(&turn);
        if (index == 1) free_what_the_other_took(band, count);
        bool was_last = is_over;
        pthread_barrier_wait(&turn);
        if (was_last) return i;
    }
}

static void take_or_free_band_in_turn(size_t band, size_t index) {
    const char* what =
        other_resizes ? "taken by one thread and resized by another" : "taken by one thread and freed by another";
    size_t count = band_count(band, HANDED_BYTES, FEWEST_HANDED, MOST_HANDED);
    size_t most_rounds = (enough_blocks(band) + count - 1) / count;
    pass_on(band, count, (most_rounds + 1) / 2, index);
    size_t before = bytes_now();
    size_t rounds = pass_on(band, count, most_rounds, index);
    if (index == 0) expect_growth_below(allowed_in(band), before, in_words(band, what), rounds * count);
}

static void take_or_free_in_turn(size_t index) {
    for (size_t band = 0; band < BANDS; band++) take_or_free_band_in_turn(band, index);
}

// The two threads choose the quarter of each other's blocks together.
static void take_or_free_quarters_in_turn(size_t index) {
    enum { FIRST_IN_QUARTERS = 2, LAST_IN_QUARTERS = 9 };
    for (size_t band = FIRST_IN_QUARTERS; band <= LAST_IN_QUARTERS; band++) {
        for (size_t next = 0; next < QUARTERS; next++) {
            if (index == 0) quarter = next;
            pthread_barrier_wait(&turn);
            take_or_free_band_in_turn(band, index);
            pthread_barrier_wait(&turn);
        }
    }
}

static void pass_blocks_on_so(bool resized, void (*work)(size_t index)) {
    other_resizes = resized;
    pthread_barrier_init(&turn, NULL, 2);
    run_threads(2, work);
    pthread_barrier_destroy(&turn);
}

static void pass_blocks_on(bool resized) { pass_blocks_on_so(resized, take_or_free_in_turn); }

START_TEST(blocks_of_any_size_freed_by_another_thread_are_reused) { pass_blocks_on(false); }
END_TEST

START_TEST(blocks_of_any_size_resized_by_another_thread_are_reused) { pass_blocks_on(true); }
END_TEST

START_TEST(blocks_of_a_few_sizes_freed_by_another_thread_are_reused) {
    pass_blocks_on_so(false, take_or_free_quarters_in_turn);
}
END_TEST

// Four threads want the same locks all the time, and free what others took. An allocator that evades a lock that is
// held may give a block to the wrong place just then, and never find it again. Few of the calls meet each other, so
// there are as many of them as are made in a moment, which loss of a few would show; the bands are mixed in three
// groups, and each band of a group gets as many bytes. Every fourth block is resized.
enum { CONTENDING = 4, CONTENDED_MS = 600, MOST_PASSED = 512, BETWEEN_LOOKS = 100 };

static const struct {
    size_t first_band;
    size_t last_band;
    size_t passed;  // so many blocks are live
} groups[] = {{0, 4, MOST_PASSED}, {5, 9, MOST_PASSED}, {10, 13, 16}};

static struct {
    size_t group;
    size_t ends_ms;
    size_t most;  // blocks, after which it ends as well
    atomic_size_t done;
    _Atomic(size_t*) passed[MOST_PASSED];  // each block begins with its size
} contest;

// Half as often for each band, since its blocks are twice as large.
static size_t contended_size(uint64_t random) {
    size_t band = groups[contest.group].first_band;
    while (band < groups[contest.group].last_band && random % 2 == 1) {
        band++;
        random /= 2;
    }
    return band_size(band, random >> 20);
}

static void free_with_size(size_t* block, bool resized) {
    if (block == NULL) return;
    size_t size = *block;
    size_t least = band_least(groups[contest.group].first_band);
    if (size < least || size > band_most(groups[contest.group].last_band)) {
        fail_test(
            "the live block %p belongs to two threads at the same time, or was written to: it began with its size, and "
            "now with %#zx",
            (void*)block, size);
    }
    if (!resized) {
        call_xfree(block, size);
    } else {
        call_xfree(resize_real(block, size, size / 2 * 3), size / 2 * 3);
    }
}

static void take_and_free_in_a_hurry(size_t index) {
    uint64_t random = random_start(index);
    for (size_t i = 1; i % BETWEEN_LOOKS != 0 || (cpu_ms() < contest.ends_ms && contest.done < contest.most); i++) {
        size_t size = contended_size(next_random(&random));
        size_t* block = take_real(size);
        *block = size;
        size_t place = random_between(&random, 0, groups[contest.group].passed - 1);
        free_with_size(atomic_exchange(&contest.passed[place], block), i % 4 == 0);
        contest.done++;
    }
}

static void contend(size_t threads, size_t group, size_t ms, size_t most) {
    contest.group = group;
    contest.ends_ms = cpu_ms() + ms;
    contest.most = most;
    contest.done = 0;
    run_threads(threads, take_and_free_in_a_hurry);
    for (size_t i = 0; i < MOST_PASSED; i++) free_with_size(atomic_exchange(&contest.passed[i], NULL), false);
}

// What is lost is lost in every round. What a thread just had in its hands when the others were put aside, on a busy
// machine, is found again in the next one.
enum { CONTENDED_ROUNDS = 3 };

// Contention is blamed only when one thread that does the same alone does not lose as much.
static void tell_who_loses(size_t group, size_t grown) {
    const char* who = "4 threads";
    const char* why = " at the same time";
    const char* what = "blocks that are freed while threads contend for a lock are not found again";
    size_t last_band = groups[group].last_band;
    size_t done = contest.done;
    size_t before = resident_bytes();
    contend(1, group, 10 * (size_t)CONTENDED_MS, done);
    size_t grown_alone = resident_since(before);
    if (grown_alone > grown / 2 && grown_alone > allowed_in(last_band) / 2) {
        who = "one thread alone";
        why = "";
        what = "freed blocks of these sizes are not reused";
        grown = grown_alone;
        done = contest.done;
    }
    fail_test(
        "%s took and freed blocks of %zu to %zu bytes%s, %zu in all, every fourth of them resized to half as much "
        "again, "
        "and memory grew by %zu KiB (at most %zu KiB are accepted): %s",
        who, band_least(groups[group].first_band), band_most(last_band), why, done, grown / KIB,
        allowed_in(last_band) / KIB, what);
}

START_TEST(threads_that_take_and_free_at_the_same_time_do_not_grow_memory) {
    size_t last_band = groups[_i].last_band;
    size_t grown = 0;
    contend(CONTENDING, (size_t)_i, CONTENDED_MS / 4, SIZE_MAX);
    for (int round = 0; round < CONTENDED_ROUNDS; round++) {
        size_t before = resident_bytes();
        contend(CONTENDING, (size_t)_i, CONTENDED_MS, SIZE_MAX);
        grown = resident_since(before);
        tell_growth(grown, allowed_in(last_band));
        if (grown <= allowed_in(last_band)) return;
    }
    tell_who_loses((size_t)_i, grown);
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
    add_long_test(topic, blocks_of_any_size_freed_by_another_thread_are_reused);
    add_long_test(topic, blocks_of_any_size_resized_by_another_thread_are_reused);
    if (backend.shares_sizes) add_long_test(topic, blocks_of_a_few_sizes_freed_by_another_thread_are_reused);
    add_long_loop_test(topic, threads_that_take_and_free_at_the_same_time_do_not_grow_memory, 0,
                       sizeof groups / sizeof groups[0]);
    if (backend.shares_sizes && !backend.course)
        add_test(topic, memory_freed_in_blocks_of_one_size_serves_another_size);
    return topic;
}

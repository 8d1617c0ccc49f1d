// reuse_between_threads.c: freed memory is handed out again, whichever thread took it and whichever freed it.

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/suite/support/bands.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/growth.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

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

static void begin_to_contend(size_t group, size_t ms, size_t most) {
    contest.group = group;
    contest.ends_ms = cpu_ms() + ms;
    contest.most = most;
    contest.done = 0;
}

static void free_what_is_left(void) {
    for (size_t i = 0; i < MOST_PASSED; i++) free_with_size(atomic_exchange(&contest.passed[i], NULL), false);
}

// What is lost is lost in every round. What a thread just had in its hands when the others were put aside, on a busy
// machine, is found again in the next one. The threads are the same in all rounds: where each new thread takes the next
// of many arenas, others would bring memory into those that had none.
enum { CONTENDED_ROUNDS = 3 };

static struct {
    size_t group;
    size_t grown;  // in the last round
    bool over;
    pthread_barrier_t bell;
} rounds;

static void contend_in_rounds(size_t index) {
    size_t before = 0;
    for (int round = 0;; round++) {
        if (index == 0) {
            before = resident_bytes();
            begin_to_contend(rounds.group, round == 0 ? CONTENDED_MS / 4 : CONTENDED_MS, SIZE_MAX);
        }
        pthread_barrier_wait(&rounds.bell);
        take_and_free_in_a_hurry(index);
        pthread_barrier_wait(&rounds.bell);
        if (index == 0) {
            free_what_is_left();
            rounds.grown = resident_since(before);
            bool fits = round > 0 && rounds.grown <= allowed_in(groups[rounds.group].last_band);
            if (round > 0) tell_growth(rounds.grown, allowed_in(groups[rounds.group].last_band));
            rounds.over = fits || round == CONTENDED_ROUNDS;
        }
        pthread_barrier_wait(&rounds.bell);
        if (rounds.over) return;
    }
}

// Contention is blamed only when one thread that does the same alone does not lose as much.
static void tell_who_loses(size_t group, size_t grown) {
    const char* who = "4 threads";
    const char* why = " at the same time";
    const char* what = "blocks that are freed while threads contend for a lock are not found again";
    size_t last_band = groups[group].last_band;
    size_t done = contest.done;
    size_t before = resident_bytes();
    begin_to_contend(group, 10 * (size_t)CONTENDED_MS, done);
    run_threads(1, take_and_free_in_a_hurry);
    free_what_is_left();
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
    rounds.group = (size_t)_i;
    pthread_barrier_init(&rounds.bell, NULL, CONTENDING);
    run_threads(CONTENDING, contend_in_rounds);
    pthread_barrier_destroy(&rounds.bell);
    if (rounds.grown > allowed_in(groups[_i].last_band)) tell_who_loses((size_t)_i, rounds.grown);
}
END_TEST

void add_reuse_between_threads(TCase* topic) {
    add_long_test(topic, blocks_of_any_size_freed_by_another_thread_are_reused);
    add_long_test(topic, blocks_of_any_size_resized_by_another_thread_are_reused);
    if (backend.shares_sizes) add_long_test(topic, blocks_of_a_few_sizes_freed_by_another_thread_are_reused);
    add_long_loop_test(topic, threads_that_take_and_free_at_the_same_time_do_not_grow_memory, 0,
                       sizeof groups / sizeof groups[0]);
}

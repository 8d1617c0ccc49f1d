// thread_exit.c: a thread that ends takes no block and no memory with it.
//
// Thousands of threads start and end, eight at a time. What such a thread would take with it if the allocator forgot
// about it adds up, and shows as memory of the process that grows from the first waves to the last.

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "tests/suite/support/bands.h"
#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

enum { AT_ONCE = 8, WAVES = 100, FIRST_WAVES = 8, MOST_BLOCKS = 600, ALLOWED_GROWTH = 8 * MIB };

// A thread takes some blocks of each of some bands, about 32 KB of each. Large ones are for one wave of four. Of small
// ones a thread can only lose little, so they are for a test with more threads.
enum {
    BAND_BYTES = 32 * KIB,
    MOST_OF_A_BAND = 100,
    SMALL_BANDS = 3,
    LARGE_BAND = 12,
    LARGE_BANDS = 3,
    LARGE_WAVES = 4
};

static size_t sizes[MOST_BLOCKS];
static size_t block_count;

static void choose_sizes(size_t first_band, size_t last_band) {
    block_count = 0;
    for (size_t i = 0; i < MOST_OF_A_BAND; i++) {
        for (size_t band = first_band; band <= last_band; band++) {
            if (i < band_count(band, BAND_BYTES, 1, MOST_OF_A_BAND)) sizes[block_count++] = band_size(band, i);
        }
    }
}

static Block blocks[AT_ONCE][MOST_BLOCKS];

// In the first waves the threads wait for each other here, so that an allocator has made all the heaps or arenas that
// so many threads at once ask of it before growth is measured.
static struct {
    pthread_barrier_t all_have_taken;
    bool is_used;
} meeting;

static void take_all(size_t index) {
    for (size_t i = 0; i < block_count; i++) take(&blocks[index][i], sizes[i]);
}

static void take_blocks(size_t index) {
    take_all(index);
    if (meeting.is_used) pthread_barrier_wait(&meeting.all_have_taken);
}

static void give_back_own_blocks(size_t index) { give_back_all(blocks[index], MOST_BLOCKS); }

// Frees what its neighbour of the wave before left, and leaves blocks of its own.
static void give_back_neighbours_blocks(size_t index) {
    give_back_all(blocks[index], MOST_BLOCKS);
    take_blocks(index);
}

static void take_and_give_back_blocks(size_t index) {
    take_blocks(index);
    give_back_own_blocks(index);
}

static void expect_growth_below(size_t allowed, size_t before, size_t threads) {
    size_t grown = resident_at_rest(before, allowed);
    tell_growth(grown, allowed);
    if (under_a_tool() || grown <= allowed) return;
    fail_test(
        "the memory of the process grew by %zu KiB while %zu threads came and went, each with %zu blocks that were "
        "freed: the memory of an ended thread must be reused (at most %zu KiB are accepted)",
        grown / KIB, threads, block_count, allowed / KIB);
}

typedef struct Waves {
    size_t count;
    size_t first_band;
    size_t last_band;
    size_t last_band_of_some;  // of one wave of four
} Waves;

// Runs the waves. work: for the threads. after: for each index, by this thread, when the wave has ended; or NULL.
static void run_waves(Waves waves, void (*work)(size_t index), void (*after)(size_t index)) {
    size_t before = 0;
    pthread_barrier_init(&meeting.all_have_taken, NULL, AT_ONCE);
    for (size_t wave = 1; wave <= FIRST_WAVES + waves.count; wave++) {
        bool has_large = wave % LARGE_WAVES == 1;
        meeting.is_used = wave <= FIRST_WAVES;
        choose_sizes(waves.first_band, has_large ? waves.last_band_of_some : waves.last_band);
        run_threads(AT_ONCE, work);
        for (size_t i = 0; after != NULL && i < AT_ONCE; i++) after(i);
        if (wave == FIRST_WAVES) before = resident_bytes();
        if (wave > FIRST_WAVES && !has_large)
            expect_growth_below(ALLOWED_GROWTH, before, (wave - FIRST_WAVES) * AT_ONCE);
    }
}

// Waves of threads that all do the same, with so many blocks each. Growth is looked at after each wave.
static void run_short_threads(size_t threads, size_t blocks_each, size_t allowed, void (*work)(size_t index)) {
    size_t before = 0;
    size_t waves = scaled_for_tool(threads / AT_ONCE);
    block_count = blocks_each;
    for (size_t wave = 1; wave <= FIRST_WAVES + waves; wave++) {
        run_threads(AT_ONCE, work);
        if (wave == FIRST_WAVES) before = resident_bytes();
        if (wave > FIRST_WAVES) expect_growth_below(allowed, before, (wave - FIRST_WAVES) * AT_ONCE);
    }
}

static Waves usual_waves(void) {
    return (Waves){.count = backend.course ? WAVES / 2 : scaled_for_tool(WAVES),
                   .first_band = SMALL_BANDS,
                   .last_band = LARGE_BAND - 1,
                   .last_band_of_some = LARGE_BAND + LARGE_BANDS - 1};
}

// One block of each of many sizes: what a thread forgets of some class, or of the last one, adds up as well.
enum { SIZES_OF_A_BAND = 3, BLOCKS_OF_MANY_SIZES = LARGE_BAND * SIZES_OF_A_BAND, SHORT_THREADS = 2500 };

static void take_and_free_many_sizes(size_t index) {
    void* taken[BLOCKS_OF_MANY_SIZES];
    for (size_t i = 0; i < BLOCKS_OF_MANY_SIZES; i++) {
        size_t size = band_size(i / SIZES_OF_A_BAND, i % SIZES_OF_A_BAND);
        taken[i] = call_xmalloc(size);
        if (taken[i] == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
        memset(taken[i], (int)index, size);
    }
    for (size_t i = 0; i < BLOCKS_OF_MANY_SIZES; i++) {
        call_xfree(taken[i], band_size(i / SIZES_OF_A_BAND, i % SIZES_OF_A_BAND));
    }
}

START_TEST(threads_that_come_and_go_lose_no_block_of_any_size) {
    run_short_threads(SHORT_THREADS, BLOCKS_OF_MANY_SIZES, ALLOWED_GROWTH, take_and_free_many_sizes);
}
END_TEST

// The smallest blocks, of which a thread can lose only little: there are so many threads that it shows.
enum { TINY_THREADS = 10000, TINY_BLOCKS = 100, TINY = 16 };

static void take_and_free_tiny_blocks(size_t index) {
    void* taken[TINY_BLOCKS];
    for (size_t i = 0; i < TINY_BLOCKS; i++) {
        taken[i] = call_xmalloc(i % TINY + 1);
        if (taken[i] == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
        memset(taken[i], (int)index, i % TINY + 1);
    }
    for (size_t i = 0; i < TINY_BLOCKS; i++) call_xfree(taken[i], i % TINY + 1);
}

START_TEST(ten_thousand_threads_take_no_tiny_blocks_with_them) {
    run_short_threads(TINY_THREADS, TINY_BLOCKS, ALLOWED_GROWTH / 2, take_and_free_tiny_blocks);
}
END_TEST

static void give_back_what_is_left(void) {
    for (size_t i = 0; i < AT_ONCE; i++) give_back_own_blocks(i);
}

START_TEST(blocks_that_a_thread_freed_before_it_ended_are_reused) {
    run_waves(usual_waves(), take_and_give_back_blocks, NULL);
}
END_TEST

START_TEST(blocks_that_outlive_their_thread_keep_their_content_and_are_freed_by_the_main_thread) {
    run_waves(usual_waves(), take_blocks, give_back_own_blocks);
}
END_TEST

START_TEST(blocks_that_outlive_their_thread_keep_their_content_and_are_freed_by_later_threads) {
    run_waves(usual_waves(), give_back_neighbours_blocks, NULL);
    give_back_what_is_left();
}
END_TEST

// Threads that make one kind of call only: they free, or resize, what the main thread took. An allocator may learn of a
// thread in some of its calls, and forget the others.
START_TEST(blocks_that_a_thread_only_frees_before_it_ends_are_reused) {
    run_waves(usual_waves(), give_back_own_blocks, take_all);
    give_back_what_is_left();
}
END_TEST

static void resize_what_is_there(size_t index) {
    for (size_t i = 0; i < MOST_BLOCKS; i++) {
        Block* block = &blocks[index][i];
        if (block->bytes != NULL) resize(block, block->size / 3 * 4 + 1);
    }
}

static void give_back_and_take_all(size_t index) {
    give_back_own_blocks(index);
    take_all(index);
}

START_TEST(blocks_that_a_thread_only_resizes_before_it_ends_are_reused) {
    run_waves(usual_waves(), resize_what_is_there, give_back_and_take_all);
    give_back_what_is_left();
}
END_TEST

// So many that no table has room for all that ever were.
START_TEST(five_thousand_threads_may_come_and_go_and_take_no_small_blocks_with_them) {
    Waves waves = {
        .count = scaled_for_tool(5000 / AT_ONCE), .last_band = SMALL_BANDS - 1, .last_band_of_some = SMALL_BANDS - 1};
    run_waves(waves, take_and_give_back_blocks, NULL);
}
END_TEST

// A program frees in the destructors of its own keys, too, before and after the allocator's own destructor ran: one
// that sets its key again is called once more, when all others have been.
static pthread_key_t belongings_key;

enum { ENDING_THREADS = 1200, ENDING_BLOCKS = 60, MOST_BELONGING = 300, LONG_BELONGING = 6000, ENDINGS = 3 };

typedef struct Belongings {
    Block blocks[ENDING_BLOCKS];
    size_t endings;
} Belongings;

static Belongings belongings[AT_ONCE];

static void take_belongings(size_t index) {
    Belongings* mine = &belongings[index];
    mine->endings = 0;
    for (size_t i = 0; i < ENDING_BLOCKS; i++) {
        size_t most = i % 4 == 0 ? LONG_BELONGING : MOST_BELONGING;
        take(&mine->blocks[i], 1 + (i + 1) * (i + 1) * 7 % most);
    }
    pthread_setspecific(belongings_key, mine);
}

// Gives back a part of them each time that it is called, and takes and resizes one as a program's last words would.
static void give_back_belongings(void* left) {
    Belongings* mine = left;
    size_t part = ENDING_BLOCKS / ENDINGS;
    give_back_all(mine->blocks + mine->endings * part, part);
    Block last = {.bytes = NULL};
    take(&last, MOST_BELONGING);
    resize(&last, MOST_BELONGING / 2);
    give_back(&last);
    if (++mine->endings < ENDINGS) pthread_setspecific(belongings_key, mine);
}

START_TEST(blocks_that_a_thread_frees_in_its_last_destructors_are_reused) {
    pthread_key_create(&belongings_key, give_back_belongings);
    run_short_threads(ENDING_THREADS, ENDING_BLOCKS, ALLOWED_GROWTH, take_belongings);
    pthread_key_delete(belongings_key);
}
END_TEST

TCase* thread_exit_case(void) {
    TCase* topic = new_case("thread exit");
    add_test(topic, blocks_that_a_thread_freed_before_it_ended_are_reused);
    add_test(topic, threads_that_come_and_go_lose_no_block_of_any_size);
    add_test(topic, blocks_that_a_thread_frees_in_its_last_destructors_are_reused);
    add_long_test(topic, ten_thousand_threads_take_no_tiny_blocks_with_them);
    add_long_test(topic, blocks_that_a_thread_only_frees_before_it_ends_are_reused);
    add_long_test(topic, blocks_that_a_thread_only_resizes_before_it_ends_are_reused);
    add_long_test(topic, blocks_that_outlive_their_thread_keep_their_content_and_are_freed_by_the_main_thread);
    add_long_test(topic, blocks_that_outlive_their_thread_keep_their_content_and_are_freed_by_later_threads);
    add_long_test(topic, five_thousand_threads_may_come_and_go_and_take_no_small_blocks_with_them);
    return topic;
}

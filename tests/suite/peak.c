// peak.c: after a peak, memory goes back to the system. Asked only of backends that say they do it (traits.c).

#include <pthread.h>
#include <string.h>

#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

// Blocks of 64 to 512 bytes in no order of size: 256 MiB of them, of which a small part may stay.
enum { PEAK = 256 * MIB, MAY_STAY = PEAK / 8, MEAN_BYTES = 288, BLOCKS = PEAK / MEAN_BYTES, THREADS = 4 };

typedef struct Piece {
    void* bytes;
    size_t size;
} Piece;

static Piece pieces[BLOCKS];

// Mixes the pieces, so that they are not freed in the order in which they were taken.
static void shuffle(Piece* first, size_t count, uint64_t* random) {
    for (size_t i = count; i > 1; i--) {
        size_t other = random_between(random, 0, i - 1);
        Piece kept = first[i - 1];
        first[i - 1] = first[other];
        first[other] = kept;
    }
}

static void take_pieces(Piece* first, size_t count, uint64_t* random) {
    for (size_t i = 0; i < count; i++) {
        first[i].size = random_between(random, 64, 512);
        first[i].bytes = call_xmalloc(first[i].size);
        if (first[i].bytes == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
        memset(first[i].bytes, 1, first[i].size);
    }
    shuffle(first, count, random);
}

static void free_pieces(const Piece* first, size_t count) {
    for (size_t i = 0; i < count; i++) call_xfree(first[i].bytes, first[i].size);
}

static void expect_return(size_t before, size_t peak) {
    size_t left = resident_since(before);
    if (peak < PEAK / 10 * 9)
        fail_test("the peak is only %zu MiB instead of %d: not a real one", peak / MIB, PEAK / MIB);
    if (left <= MAY_STAY) return;
    fail_test(
        "%zu MiB were taken in small blocks and freed, but %zu MiB of them are still in memory: they must go back "
        "to the system (at most %d MiB are accepted)",
        peak / MIB, left / MIB, MAY_STAY / MIB);
}

// The table itself must be in memory before it is measured.
static size_t resident_with_table(void) {
    memset(pieces, 0xff, sizeof pieces);
    return resident_bytes();
}

START_TEST(memory_comes_back_after_a_peak_of_one_thread) {
    uint64_t random = random_start(0);
    size_t before = resident_with_table();
    take_pieces(pieces, BLOCKS, &random);
    size_t peak = resident_since(before);
    free_pieces(pieces, BLOCKS);
    expect_return(before, peak);
}
END_TEST

// ---- Several threads ------------------------------------------------------------------------------------------------

static pthread_barrier_t all_taken;
static size_t resident_before;
static size_t resident_at_peak;

// A thread frees the first half of its own blocks and the second half of its neighbour's.
static void take_and_free_part(size_t index) {
    enum { PART = BLOCKS / THREADS };
    uint64_t random = random_start(index);
    Piece* own = &pieces[index * PART];
    const Piece* neighbours = &pieces[(index + 1) % THREADS * PART];
    take_pieces(own, PART, &random);
    pthread_barrier_wait(&all_taken);
    if (index == 0) resident_at_peak = resident_since(resident_before);
    pthread_barrier_wait(&all_taken);
    free_pieces(own, PART / 2);
    free_pieces(neighbours + PART / 2, PART - PART / 2);
}

START_TEST(memory_comes_back_after_a_peak_of_several_threads) {
    pthread_barrier_init(&all_taken, NULL, THREADS);
    resident_before = resident_with_table();
    run_threads(THREADS, take_and_free_part);
    expect_return(resident_before, resident_at_peak);
    pthread_barrier_destroy(&all_taken);
}
END_TEST

// ---- A gigabyte -----------------------------------------------------------------------------------------------------

// The threads free each other's blocks in random order and stay alive, idle, while memory is looked at: what they keep
// for themselves counts, and nobody comes to ask for it.
enum { GIB_PER_MILLE_MAY_STAY = 50, GIB_SMALLEST = 16, GIB_LARGEST = 256, GIB_PEAK = 1024 * MIB };
enum { GIB_BLOCKS = GIB_PEAK / ((GIB_SMALLEST + GIB_LARGEST) / 2), GIB_PART = GIB_BLOCKS / THREADS };

static void** gib_blocks;
static size_t gib_left;

static void shuffle_pointers(void** first, size_t count, uint64_t* random) {
    for (size_t i = count; i > 1; i--) {
        size_t other = random_between(random, 0, i - 1);
        void* kept = first[i - 1];
        first[i - 1] = first[other];
        first[other] = kept;
    }
}

static void take_a_quarter_and_free_the_next(size_t index) {
    uint64_t random = random_start(index);
    void** own = gib_blocks + index * GIB_PART;
    for (size_t i = 0; i < GIB_PART; i++) {
        size_t size = random_between(&random, GIB_SMALLEST, GIB_LARGEST);
        own[i] = call_xmalloc(size);
        if (own[i] == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
        memset(own[i], 1, size);
    }
    pthread_barrier_wait(&all_taken);
    if (index == 0) resident_at_peak = resident_since(resident_before);
    pthread_barrier_wait(&all_taken);
    void** neighbours = gib_blocks + (index + 1) % THREADS * GIB_PART;
    shuffle_pointers(neighbours, GIB_PART, &random);
    for (size_t i = 0; i < GIB_PART; i++) call_xfree(neighbours[i], 0);
    pthread_barrier_wait(&all_taken);
    if (index == 0) gib_left = resident_since(resident_before);
    pthread_barrier_wait(&all_taken);
}

START_TEST(a_gigabyte_of_small_blocks_comes_back_while_the_threads_live) {
    gib_blocks = call_xmalloc(GIB_BLOCKS * sizeof(void*));
    if (gib_blocks == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
    memset(gib_blocks, 0xff, GIB_BLOCKS * sizeof(void*));
    pthread_barrier_init(&all_taken, NULL, THREADS);
    resident_before = resident_bytes();
    run_threads(THREADS, take_a_quarter_and_free_the_next);
    size_t gone = resident_since(resident_before);
    if (resident_at_peak < GIB_PEAK / 10 * 9)
        fail_test("the peak is only %zu MiB instead of %d: not a real one", resident_at_peak / MIB, GIB_PEAK / MIB);
    size_t may_stay = resident_at_peak / 1000 * GIB_PER_MILLE_MAY_STAY;
    if (gib_left > may_stay || gone > may_stay) {
        fail_test(
            "%zu MiB were taken in small blocks and freed, but of them %zu MiB were still in memory while the "
            "threads lived and %zu MiB after them (at most %zu MiB are accepted)",
            resident_at_peak / MIB, gib_left / MIB, gone / MIB, may_stay / MIB);
    }
    pthread_barrier_destroy(&all_taken);
    call_xfree(gib_blocks, GIB_BLOCKS * sizeof(void*));
}
END_TEST

TCase* peak_case(void) {
    TCase* topic = new_case("peak");
    if (under_a_tool() || !backend.returns_memory) return topic;
    add_long_test(topic, memory_comes_back_after_a_peak_of_one_thread);
    add_long_test(topic, memory_comes_back_after_a_peak_of_several_threads);
    add_long_test(topic, a_gigabyte_of_small_blocks_comes_back_while_the_threads_live);
    return topic;
}

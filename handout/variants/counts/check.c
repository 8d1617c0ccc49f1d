// counts.c: xcount says how many blocks are in use, whoever took, resized or freed them.

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"
#include "xmalloc.h"

// A backend without the call links all the same, and fails here in words.
__attribute__((weak)) size_t xcount(size_t bytes);

// The tool's layer between the suite and a backend, where there is one. It asks the backend for other sizes than the
// suite does.
__attribute__((weak)) void* __wrap_xmalloc(size_t bytes);

enum { MOST = 32768, MORE_BYTES = 128, THREADS = 4, BLOCKS = 60, SIZES = 7 };

_Static_assert(THREADS == 4 && BLOCKS == 60, "the sentences below say so");

// No two of them can be of one class: each is more than twice the one before it, and 128 bytes.
static const size_t sizes[SIZES] = {16, 200, 600, 1500, 3500, 8000, 20000};

static void expect_call(void) {
    if (xcount == NULL) fail_test("there is no xcount: the variant of this term asks for it");
}

static void* take(size_t bytes) {
    void* block = call_xmalloc(bytes);
    if (block == NULL) fail_test("%s returned NULL although there is memory", last_call());
    return block;
}

// ---- Many blocks of several sizes

static size_t before[SIZES];

static void note_counts(void) {
    for (size_t i = 0; i < SIZES; i++) before[i] = xcount(sizes[i]);
}

static void expect_more(size_t blocks, const char* when) {
    for (size_t i = 0; i < SIZES; i++) {
        size_t now = xcount(sizes[i]);
        if (now != before[i] + blocks)
            fail_test("xcount(%zu) was %zu, and is %zu %s, not %zu", sizes[i], before[i], now, when,
                      before[i] + blocks);
    }
}

START_TEST(blocks_of_a_size_are_counted) {
    void* blocks[SIZES][BLOCKS];
    expect_call();
    note_counts();
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t k = 0; k < BLOCKS; k++) blocks[i][k] = take(sizes[i]);
    }
    expect_more(BLOCKS, "when xmalloc gave 60 blocks of each size");
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t k = 0; k < BLOCKS; k += 2) call_xfree(blocks[i][k], sizes[i]);
    }
    expect_more(BLOCKS / 2, "when xfree took 30 of the 60 blocks of each size back");
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t k = 1; k < BLOCKS; k += 2) call_xfree(blocks[i][k], sizes[i]);
    }
    expect_more(0, "when all blocks were freed");
}
END_TEST

// ---- One block that goes from size to size

static size_t without[MOST + 1];  // what xcount gives without the block

// The numbers of bytes of which xcount gives one more with the block. Last is 0 when there are none.
struct range {
    size_t first, last;
};

static struct range range_of_block(void) {
    struct range range = {0, 0};
    for (size_t bytes = 1; bytes <= MOST; bytes++) {
        size_t now = xcount(bytes);
        if (now == without[bytes]) continue;
        if (now != without[bytes] + 1)
            fail_test("xcount(%zu) was %zu without a block, and is %zu with one, after %s", bytes, without[bytes], now,
                      last_call());
        if (range.last != 0 && range.last != bytes - 1)
            fail_test("one block counts in xcount(%zu) and in xcount(%zu), but not in xcount(%zu), after %s",
                      range.first, bytes, bytes - 1, last_call());
        if (range.last == 0) range.first = bytes;
        range.last = bytes;
    }
    return range;
}

// The block must be of the class of a number from least to most.
static struct range expect_range(size_t least, size_t most) {
    struct range range = range_of_block();
    if (range.last == 0) {
        if (most <= MOST) fail_test("xcount(%zu) does not count the block, after %s", least, last_call());
        return (struct range){MOST, SIZE_MAX};  // it is of a class that nobody can ask for
    }
    bool is_open = range.last == MOST;  // its class may go on where nobody can ask
    if (range.first > most || (range.last < least && !is_open))
        fail_test("after %s the block counts in xcount(%zu) to xcount(%zu), and not from %zu on", last_call(),
                  range.first, range.last, least);
    if (range.last > 2 * range.first + MORE_BYTES)
        fail_test("xcount(%zu) and xcount(%zu) count the same block: no class may be so long", range.first, range.last);
    return (struct range){range.first, is_open ? SIZE_MAX : range.last};
}

static size_t largest(size_t one, size_t other) { return one > other ? one : other; }

// Some sizes are hardly larger than those before, and some much; small ones are as likely as large ones.
static size_t next_size(uint64_t* random, size_t size) {
    if (random_between(random, 0, 3) == 0) return size + random_between(random, 1, 40);
    return random_between(random, 1, (size_t)64 << random_between(random, 0, 10));
}

START_TEST(a_block_counts_once_wherever_xrealloc_moves_it) {
    enum { STEPS = 60 };
    static const size_t first_steps[] = {5000, 100, 90, 2000, 2040, 1, 12000, 300};
    expect_call();
    uint64_t random = random_start(0);
    for (size_t bytes = 1; bytes <= MOST; bytes++) without[bytes] = xcount(bytes);
    bool is_asked_for_all = !backend.course;  // also for NULL and 0
    for (int round = 0; round < 3; round++) {
        size_t size = round == 0 ? 40 : next_size(&random, 1);
        void* block = round == 1 && is_asked_for_all ? call_xrealloc(NULL, 0, size) : take(size);
        struct range range = expect_range(size, size);
        size_t steps = scaled_for_tool(STEPS);
        for (size_t i = 0; i < steps; i++) {
            size_t bytes = round == 0 && i < sizeof first_steps / sizeof first_steps[0] ? first_steps[i]
                                                                                        : next_size(&random, size);
            block = call_xrealloc(block, size, bytes);
            if (block == NULL) fail_test("%s returned NULL although there is memory", last_call());
            range = expect_range(bytes, largest(2 * bytes + MORE_BYTES, range.last));
            size = bytes;
        }
        if (round == 2 && is_asked_for_all) {
            call_xrealloc(block, size, 0);
        } else {
            call_xfree(block, size);
        }
        range = range_of_block();
        if (range.last != 0) fail_test("xcount(%zu) still counts a block after %s", range.first, last_call());
    }
}
END_TEST

// ---- Threads

static void* of_thread[THREADS][SIZES][BLOCKS];
static pthread_barrier_t all_are_here;

static void take_and_wait(size_t thread) {
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t k = 0; k < BLOCKS; k++) of_thread[thread][i][k] = take(sizes[i]);
    }
    pthread_barrier_wait(&all_are_here);
    if (thread == 0) expect_more((size_t)THREADS * BLOCKS, "when 4 threads, which still run, took 60 blocks each");
    pthread_barrier_wait(&all_are_here);
}

static void free_half_of_anothers(size_t thread) {
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t k = 0; k < BLOCKS; k += 2) call_xfree(of_thread[(thread + 1) % THREADS][i][k], sizes[i]);
    }
}

static void free_rest_of_anothers(size_t thread) {
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t k = 1; k < BLOCKS; k += 2) call_xfree(of_thread[(thread + 1) % THREADS][i][k], sizes[i]);
    }
}

START_TEST(blocks_of_all_threads_are_counted) {
    expect_call();
    note_counts();
    pthread_barrier_init(&all_are_here, NULL, THREADS);
    run_threads(THREADS, take_and_wait);
    expect_more((size_t)THREADS * BLOCKS, "when 4 threads, which have ended, took 60 blocks each");
    run_threads(THREADS, free_half_of_anothers);
    expect_more((size_t)THREADS * BLOCKS / 2, "when each of 4 threads freed 30 of the 60 blocks of another");
    run_threads(THREADS, free_rest_of_anothers);
    expect_more(0, "when each of them freed the other 30, too");
}
END_TEST

// Side by side they call as often as they can. It is CPU time that counts, for others may use the machine, too.
static double hurry_ends_at;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void come_and_go(size_t thread) {
    enum { BETWEEN_LOOKS = 64 };
    for (size_t i = thread; i % BETWEEN_LOOKS != 0 || now() < hurry_ends_at; i++) {
        size_t size = sizes[i % 2];
        size_t other = sizes[1 - i % 2];
        void* block = take(size);
        if (i % 4 == 0) block = call_xrealloc(block, size, other);
        call_xfree(block, i % 4 == 0 ? other : size);
    }
}

START_TEST(threads_side_by_side_lose_no_count) {
    expect_call();
    note_counts();
    hurry_ends_at = now() + (backend.course ? 2.0 : 0.5);
    run_threads(THREADS, come_and_go);
    expect_more(0, "when 4 threads side by side freed all that they took");
}
END_TEST

TCase* counts_case(void) {
    TCase* topic = new_case("counts");
    if (__wrap_xmalloc != NULL) {
        leave_out("counts", "the tool's own blocks lie in those of the allocator");
        return topic;
    }
    add_test(topic, blocks_of_a_size_are_counted);
    add_test(topic, a_block_counts_once_wherever_xrealloc_moves_it);
    add_test(topic, blocks_of_all_threads_are_counted);
    add_long_test(topic, threads_side_by_side_lose_no_count);
    return topic;
}

// pattern_order.c: one thread, and blocks that die in a certain order: youngest first, oldest first, all at once, every
// other one.

#include "bench/pattern.h"
#include "programs/failure.h"
#include "xmalloc.h"

// ---- Youngest first -------------------------------------------------------------------------------------------------

enum { STACK_MOST = 100000, STACK_STEP = 2000, STACK_CLIMBS = 8000 };

static uint64_t climb_and_return(unsigned threads, unsigned percent) {
    (void)threads;
    static void* stack[STACK_MOST];
    size_t height = 0;
    uint64_t calls = 0;
    struct pattern_random random = pattern_random_from(1);
    for (unsigned climb = 0; climb < STACK_CLIMBS / 100 * percent; climb++) {
        size_t up = pattern_random_below(&random, STACK_STEP);
        for (; up > 0 && height < STACK_MOST; up--, calls += 2) {
            stack[height++] = pattern_take(16 + pattern_random_below(&random, 240));
        }
        size_t down = pattern_random_below(&random, STACK_STEP);
        for (; down > 0 && height > 0; down--) xfree(stack[--height]);
    }
    while (height > 0) xfree(stack[--height]);
    return calls;
}
const struct pattern pattern_lifo = {
    "lifo", "The youngest block is freed first, like the nodes of a recursive parser or of a search that backtracks.",
    1, climb_and_return};

// ---- Oldest first ---------------------------------------------------------------------------------------------------

enum { LINE_LENGTH = 50000, LINE_PASSES = 80 };

static uint64_t queue_up(unsigned threads, unsigned percent) {
    (void)threads;
    static void* line[LINE_LENGTH];
    struct pattern_random random = pattern_random_from(2);
    unsigned passes = LINE_PASSES * percent / 100;
    for (unsigned pass = 0; pass < passes; pass++) {
        for (size_t i = 0; i < LINE_LENGTH; i++) {
            xfree(line[i]);
            line[i] = pattern_take(16 + pattern_random_below(&random, 496));
        }
    }
    for (size_t i = 0; i < LINE_LENGTH; i++) xfree(line[i]);
    return ((uint64_t)2 * passes + 1) * LINE_LENGTH;
}
const struct pattern pattern_fifo = {
    "fifo",
    "The oldest block is freed first, like an event queue, a log's window or a cache that drops its oldest entry.", 1,
    queue_up};

// ---- All at once ----------------------------------------------------------------------------------------------------

enum { ROUND_LONGEST = 10000, ROUNDS = 600 };

static uint64_t begin_again(unsigned threads, unsigned percent) {
    (void)threads;
    static void* blocks[ROUND_LONGEST];
    static const struct {
        size_t bytes;
        size_t count;
    } parts[] = {{100, ROUND_LONGEST}, {1000, 1000}, {2000, 900}, {9000, 100}};
    uint64_t calls = 0;
    for (size_t part = 0; part < sizeof parts / sizeof parts[0]; part++) {
        unsigned rounds = ROUNDS / 100 * percent * (ROUND_LONGEST / 10) / (unsigned)parts[part].count;
        for (unsigned round = 0; round < rounds; round++) {
            for (size_t i = 0; i < parts[part].count; i++) {
                blocks[i] = xmalloc(parts[part].bytes);
                if (blocks[i] == NULL) fail_no_memory("a block of the pattern");
                *(volatile char*)blocks[i] = 1;
            }
            for (size_t i = 0; i < parts[part].count; i++) xfree(blocks[i]);
            calls += 2 * parts[part].count;
        }
    }
    return calls;
}
const struct pattern pattern_again = {
    "again",
    "Blocks of one size are taken, all are freed, and it begins again, like what is made for each file or each frame; "
    "and like the first program that everybody writes to time an allocator.",
    1, begin_again};

// ---- Every other one ------------------------------------------------------------------------------------------------

// Each generation fills a part of the heap with blocks of one size, and half of the last generation, scattered, is
// still there: only an allocator that can give its holes to another size stays small.
enum { GENERATIONS = 24, GENERATION_BYTES = 24 * 1024 * 1024, SMALLEST_BYTES = 48 };

static uint64_t fill_and_thin(unsigned threads, unsigned percent) {
    (void)threads;
    static void* blocks[2][GENERATION_BYTES / SMALLEST_BYTES];
    static const size_t sizes[] = {48, 208, 112, 1040, 72, 448, 2320, 144};
    size_t old_count = 0;
    uint64_t calls = 0;
    unsigned generations = 1 + GENERATIONS * percent / 100;
    for (unsigned generation = 0; generation < generations; generation++) {
        void** young = blocks[generation % 2];
        void** old = blocks[(generation + 1) % 2];
        size_t bytes = sizes[generation % (sizeof sizes / sizeof sizes[0])];
        size_t count = GENERATION_BYTES / bytes;
        for (size_t i = 0; i < count; i++) young[i] = pattern_take(bytes);
        for (size_t i = 1; i < old_count; i += 2) xfree(old[i]);
        for (size_t i = 0; i < count; i += 2) xfree(young[i]);
        calls += 2 * count;
        old_count = count;
    }
    void** left = blocks[(generations - 1) % 2];
    for (size_t i = 1; i < old_count; i += 2) xfree(left[i]);
    return calls;
}
const struct pattern pattern_fragments = {
    "fragments", "Every other block of a size is freed and another size comes, like a database that runs for weeks.", 1,
    fill_and_thin};

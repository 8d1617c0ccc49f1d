// pattern_waves.c: heaps whose size goes up and down, so that pages go back to the system and come again, or are kept.

#include "bench/pattern.h"
#include "xmalloc.h"

enum { BLOCKS_MOST = 400000 };

static void* blocks[BLOCKS_MOST];

// ---- A heap that empties -------------------------------------------------------------------------------------------

enum { BREATHS = 30, BREATH_BYTES = 64 * 1024 * 1024 };

static uint64_t breathe(unsigned threads, unsigned percent) {
    (void)threads;
    struct pattern_random random = pattern_random_from(5);
    uint64_t calls = 0;
    unsigned breaths = (BREATHS * percent + 99) / 100;
    for (unsigned breath = 0; breath < breaths; breath++) {
        size_t count = 0;
        for (size_t filled = 0; filled < BREATH_BYTES && count < BLOCKS_MOST;) {
            size_t bytes = pattern_random_bytes(&random, 6, 18);
            blocks[count++] = pattern_take(bytes);
            filled += bytes;
        }
        for (size_t i = 0; i < count; i++) xfree(blocks[i]);
        calls += 2 * count;
    }
    return calls;
}
const struct pattern pattern_breathing = {
    "breathing",
    "64 MiB in blocks of 64 B to 256 KiB come and go at once, like what a compiler or a server needs for a task.", 1,
    breathe};

// ---- Few blocks of many sizes --------------------------------------------------------------------------------------

struct wave {
    size_t live;
    unsigned replacements;
    unsigned low, high;  // powers of two
};

static uint64_t replace_few(const struct wave* wave, unsigned percent) {
    struct pattern_random random = pattern_random_from(6);
    unsigned replacements = wave->replacements * percent / 100;
    for (size_t i = 0; i < wave->live; i++) blocks[i] = NULL;
    for (unsigned i = 0; i < replacements; i++) {
        void** block = &blocks[pattern_random_below(&random, wave->live)];
        xfree(*block);
        *block = pattern_take(pattern_random_bytes(&random, wave->low, wave->high));
    }
    for (size_t i = 0; i < wave->live; i++) xfree(blocks[i]);
    return 2 * (uint64_t)replacements + wave->live;
}

static uint64_t replace_tiles(unsigned threads, unsigned percent) {
    (void)threads;
    static const struct wave tiles = {100, 12000, 16, 21};
    return replace_few(&tiles, percent);
}
const struct pattern pattern_tiles = {
    "tiles", "100 blocks of 64 KiB to 2 MiB with random lifetimes, like the tiles of a map or the frames of a decoder.",
    1, replace_tiles};

static uint64_t replace_buffers(unsigned threads, unsigned percent) {
    (void)threads;
    static const struct wave buffers = {20, 1000, 20, 25};
    return replace_few(&buffers, percent);
}
const struct pattern pattern_buffers = {
    "buffers", "20 blocks of 1 to 32 MiB with random lifetimes, like the columns of a data frame.", 1, replace_buffers};

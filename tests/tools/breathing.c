// breathing.c: a heap that grows and shrinks again and again keeps its pages.
//
// "half": fills 32 MiB with blocks of one size and frees half of them, scattered, and half of those before, again and
// again: so use falls and rises by half of it. "all": fills it with blocks of all sizes and frees half of them,
// scattered, and then the others. After some times that must take few fresh pages. (tight.c has heaps that shrink for
// good.) Exit status: 1 with a line that says how many it took.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "xmalloc.h"

enum { MIB = 1024 * 1024, BREATH = 32 * MIB, SMALLEST = 112, TIMES = 12, EARLY = 6, PAGE = 4096 };
enum { BREATHED_PAGES = (TIMES - EARLY) * (BREATH / PAGE) };

static void* blocks[2][BREATH / SMALLEST + 1];

static size_t faults(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_minflt;
}

static void give(void** list, size_t count, size_t first, size_t step) {
    for (size_t i = first; i < count; i += step) {
        xfree(list[i]);
        list[i] = NULL;
    }
}

// Result: whether there was memory.
static bool fill(void** list, size_t* count, size_t smallest, size_t largest, uint64_t* random) {
    *count = 0;
    for (size_t filled = 0; filled < BREATH;) {
        *random = *random * 6364136223846793005 + 1442695040888963407;
        size_t bytes = smallest + (*random >> 33) % (largest - smallest + 1);
        void* block = xmalloc(bytes);
        if (block == NULL) return false;
        memset(block, 1, bytes);
        list[(*count)++] = block;
        filled += bytes;
    }
    return true;
}

static bool breathe(size_t time, bool all) {
    static const size_t sizes[] = {208, 1040, 112, 448, 2320};
    static size_t counts[2];
    static uint64_t random = 1;
    size_t young = time % 2;
    size_t bytes = sizes[time % (sizeof sizes / sizeof sizes[0])];
    size_t largest = all ? 20 * SMALLEST : bytes;
    if (!fill(blocks[young], &counts[young], all ? SMALLEST : bytes, largest, &random)) return false;
    if (!all) give(blocks[1 - young], counts[1 - young], 1, 2);
    give(blocks[young], counts[young], 0, 2);
    if (all) give(blocks[young], counts[young], 1, 2);
    return true;
}

int main(int count, char** arguments) {
    bool all = count == 2 && strcmp(arguments[1], "all") == 0;
    size_t most = all ? BREATHED_PAGES / 8 : BREATHED_PAGES / 24;
    size_t before = 0;
    memset(blocks, 0, sizeof blocks);
    for (size_t time = 0; time < TIMES; time++) {
        if (time == EARLY) before = faults();
        if (!breathe(time, all)) return 3;
    }
    size_t fresh = faults() - before;
    if (fresh <= most) return 0;
    printf("a heap that breathed %d times took %zu fresh pages in the last %d; at most %zu are accepted\n", TIMES,
           fresh, TIMES - EARLY, most);
    return 1;
}

// breathing.c: a heap that grows and shrinks again and again keeps its pages.
//
// "half": fills 32 MiB with blocks of one size and frees half of them, scattered, and half of those before, again and
// again: so use falls and rises by half of it. "all": fills it with blocks of all sizes and frees half of them,
// scattered, and then the others. "large": likewise with blocks of up to 6 MiB. After some times that must take few
// fresh pages. (tight.c has heaps that shrink for good.) And when the program then works on little, without a pause,
// the memory must come back in some seconds. Exit status: 1 with a line that says what was not so.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tests/tools/chance.h"
#include "tests/tools/resident.h"
#include "xmalloc.h"

enum {
    MIB = 1024 * 1024,
    BREATH = 32 * MIB,
    SMALLEST = 112,
    TIMES = 24,
    EARLY = 12,
    PAGE = 4096,
    LITTLE = MIB,
    PATIENCE_S = 10,
    STAY_MIB = 24,
};
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
static bool fill(void** list, size_t* count, size_t all, size_t smallest, size_t largest, uint64_t* random) {
    *count = 0;
    for (size_t filled = 0; filled < all;) {
        size_t bytes = smallest + random_below(random, largest - smallest + 1);
        void* block = xmalloc(bytes);
        if (block == NULL) return false;
        memset(block, 1, bytes);
        list[(*count)++] = block;
        filled += bytes;
    }
    return true;
}

enum kind { HALF, ALL, LARGE };

static bool breathe(size_t time, enum kind kind) {
    static const size_t sizes[] = {208, 1040, 112, 448, 2320};
    static size_t counts[2];
    static uint64_t random = 1;
    size_t young = time % 2;
    size_t bytes = sizes[time % (sizeof sizes / sizeof sizes[0])];
    size_t smallest = kind == HALF ? bytes : kind == ALL ? SMALLEST : MIB / 10;
    size_t largest = kind == HALF ? bytes : kind == ALL ? 20 * SMALLEST : 6 * MIB;
    if (!fill(blocks[young], &counts[young], BREATH, smallest, largest, &random)) return false;
    if (kind == HALF) give(blocks[1 - young], counts[1 - young], 1, 2);
    give(blocks[young], counts[young], 0, 2);
    if (kind != HALF) give(blocks[young], counts[young], 1, 2);
    return true;
}

static size_t resident_mib(void) { return resident() / MIB; }

// Works on a few blocks, which the cache of one thread cannot hold, until little is resident. Result: the MiB, when
// they have not become fewer for a while.
static size_t settle(size_t most_mib) {
    size_t least = SIZE_MAX;
    for (time_t since = time(NULL); time(NULL) - since <= PATIENCE_S && least > most_mib;) {
        size_t count;
        uint64_t random = 1;
        for (int round = 0; round < 20; round++) {
            if (!fill(blocks[0], &count, LITTLE, SMALLEST, SMALLEST, &random)) exit(3);
            give(blocks[0], count, 0, 1);
        }
        size_t now = resident_mib();
        if (now < least) since = time(NULL);
        if (now < least) least = now;
    }
    return least;
}

int main(int count, char** arguments) {
    enum kind kind = count != 2 || strcmp(arguments[1], "half") == 0 ? HALF
                     : strcmp(arguments[1], "all") == 0              ? ALL
                                                                     : LARGE;
    size_t most = kind == HALF ? BREATHED_PAGES / 24 : BREATHED_PAGES / 8;
    size_t before = 0;
    memset(blocks, 0, sizeof blocks);
    size_t resident = resident_mib();
    for (size_t time = 0; time < TIMES; time++) {
        if (time == EARLY) before = faults();
        if (!breathe(time, kind)) return 3;
    }
    size_t fresh = faults() - before;
    if (fresh > most) {
        printf("a heap that breathed %d times took %zu fresh pages in the last %d; at most %zu are accepted\n", TIMES,
               fresh, TIMES - EARLY, most);
        return 1;
    }
    for (int list = 0; list < 2; list++) give(blocks[list], sizeof blocks[list] / sizeof blocks[list][0], 0, 1);
    size_t kept = resident_mib() - resident;
    size_t settled = settle(resident + STAY_MIB) - resident;
    if (settled <= STAY_MIB) return 0;
    printf("of %zu MiB that lay idle after %d breaths %zu stayed, while the program worked on little\n", kept, TIMES,
           settled);
    return 1;
}

// breathing.c: a heap that grows and shrinks again and again keeps its pages.
//
// Fills 32 MiB with blocks of one size and frees half of them, scattered, and half of those before, again and again: so
// use falls and rises by half of it. After some times that must take few fresh pages. (tight.c has heaps that shrink
// for good.) Exit status: 1 with a line that says how many it took.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "xmalloc.h"

enum { MIB = 1024 * 1024, BREATH = 32 * MIB, SMALLEST = 112, TIMES = 12, EARLY = 6, PAGE = 4096 };
enum { MOST_FRESH_PAGES = (TIMES - EARLY) * (BREATH / PAGE) / 24 };

static void* blocks[2][BREATH / SMALLEST];

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

int main(void) {
    static const size_t sizes[] = {208, 1040, 112, 448, 2320};
    size_t counts[2] = {0, 0};
    size_t before = 0;
    memset(blocks, 0, sizeof blocks);
    for (size_t time = 0; time < TIMES; time++) {
        if (time == EARLY) before = faults();
        size_t young = time % 2;
        size_t bytes = sizes[time % (sizeof sizes / sizeof sizes[0])];
        counts[young] = BREATH / bytes;
        for (size_t i = 0; i < counts[young]; i++) {
            blocks[young][i] = xmalloc(bytes);
            if (blocks[young][i] == NULL) return 3;
            memset(blocks[young][i], 1, bytes);
        }
        give(blocks[1 - young], counts[1 - young], 1, 2);
        give(blocks[young], counts[young], 0, 2);
    }
    size_t fresh = faults() - before;
    if (fresh <= MOST_FRESH_PAGES) return 0;
    printf("a heap that breathed %d times took %zu fresh pages in the last %d; at most %d are accepted\n", TIMES, fresh,
           TIMES - EARLY, MOST_FRESH_PAGES);
    return 1;
}

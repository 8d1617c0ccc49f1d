// steady.c: what goes and comes again, or grows and shrinks, stays where it is, and costs neither copies nor system
// calls.
//
// A block goes up and down between two sizes, some pairs of which lie on both sides of a border between kinds of
// blocks; after the first few times it must not move any more. Then a large block comes and goes, and after it many of
// half a megabyte or more; while they do, hardly anybody asks the system how much may be mapped. And a small block
// grows by bytes, which shall cost no look into its span. Linked with --wrap=getrlimit,--wrap=span_has_block_at. Exit
// status: 1 with a line for each fault.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/tools/chance.h"
#include "xmalloc.h"

enum {
    KIB = 1024,
    FIRST_TIMES = 3,
    TIMES = 200,
    MOST_ASKED = 10,
    MIXED = 40,
    MIXED_TIMES = 20000,
    MIXED_MOST_ASKED = 200
};

static const size_t pairs[][2] = {{60000, 70000},           {66000, 40000},           {34000, 130000},
                                  {1900 * KIB, 2200 * KIB}, {1100 * KIB, 3000 * KIB}, {2300 * KIB, 2050 * KIB}};
enum { PAIRS = sizeof pairs / sizeof pairs[0] };

static const size_t cycled[] = {2100 * KIB, 3000 * KIB, 30000 * KIB};
enum { CYCLED = sizeof cycled / sizeof cycled[0] };

static size_t times_asked;

int __real_getrlimit(int resource, struct rlimit* limit);
int __wrap_getrlimit(int resource, struct rlimit* limit);

int __wrap_getrlimit(int resource, struct rlimit* limit) {
    times_asked++;
    return __real_getrlimit(resource, limit);
}

bool __real_span_has_block_at(const void* place, unsigned size_class);
bool __wrap_span_has_block_at(const void* place, unsigned size_class);

bool __wrap_span_has_block_at(const void* place, unsigned size_class) {
    times_asked++;
    return __real_span_has_block_at(place, size_class);
}

static int moves(size_t first, size_t second) {
    char* block = xmalloc(first);
    memset(block, 1, first);
    for (int i = 0; i < FIRST_TIMES; i++) block = xrealloc(xrealloc(block, second), first);
    const char* place = block;
    int moved = 0;
    for (int i = 0; i < TIMES; i++) {
        block = xrealloc(block, i % 2 == 0 ? second : first);
        moved += block != place;
        place = block;
    }
    xfree(block);
    if (moved > 0) printf("a block of %zu, then %zu bytes moved %d of %d times\n", first, second, moved, TIMES);
    return moved > 0;
}

static int asks(size_t bytes) {
    xfree(memset(xmalloc(bytes), 1, bytes));
    times_asked = 0;
    for (int i = 0; i < TIMES; i++) {
        char* block = xmalloc(bytes);
        block[0] = 1;
        xfree(block);
    }
    if (times_asked <= MOST_ASKED) return 0;
    printf("a block of %zu bytes came and went %d times, and the system was asked for its limits %zu times\n", bytes,
           TIMES, times_asked);
    return 1;
}

static int asks_mixed(void) {
    static char* blocks[MIXED];
    uint64_t random = 7;
    times_asked = 0;
    for (int i = 0; i < MIXED_TIMES; i++) {
        char** block = &blocks[random_below(&random, MIXED)];
        xfree(*block);
        *block = xmalloc(500000 + (random >> 40) % 1500000);
        **block = 1;
    }
    for (int i = 0; i < MIXED; i++) xfree(blocks[i]);
    if (times_asked <= MIXED_MOST_ASKED) return 0;
    printf("blocks of 0.5 to 2 MB came and went %d times, and the system was asked for its limits %zu times\n",
           MIXED_TIMES, times_asked);
    return 1;
}

// A block that grows by some bytes where it stands is found right by its place alone: its span's record would cost
// misses of the cache and a division.
static int asks_spans(void) {
    enum { LONGEST = 4096 };
    char* block = xmalloc(1);
    times_asked = 0;
    for (size_t bytes = 1; bytes <= LONGEST; bytes++) {
        block = xrealloc(block, bytes);
        block[bytes - 1] = 1;
    }
    size_t asked = times_asked;
    xfree(block);
    if (asked <= MOST_ASKED) return 0;
    printf("a block grew to %d bytes, one by one, and spans were asked %zu times\n", LONGEST, asked);
    return 1;
}

// A run that a thread has kept may be longer than the block that comes next. When that grows, the run gets shorter.
static int moves_in_long_run(void) {
    for (int i = 0; i < TIMES; i++) xfree(xmalloc(100 * KIB));
    char* block = xmalloc(68 * KIB);
    memset(block, 1, 68 * KIB);
    char* grown = xrealloc(block, 72 * KIB);
    int moved = grown != block;
    xfree(grown);
    if (moved) printf("a block of 68 KiB in a run of 100 KiB moved when it got 72 KiB\n");
    return moved;
}

int main(void) {
    int faults = moves_in_long_run() + asks_spans();
    for (int i = 0; i < PAIRS; i++) faults += moves(pairs[i][0], pairs[i][1]);
    for (int i = 0; i < CYCLED; i++) faults += asks(cycled[i]);
    faults += asks_mixed();
    return faults > 0;
}

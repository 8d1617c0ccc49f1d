// tails.c: what lies behind the ends of large blocks, in their last slots, keeps its pages where that pays.
//
// "turns": blocks of 2 to 5 MB take turns in some places, and all their pages are touched. After some time little may
// be purged behind their ends, for the next block there would touch it again; and what is resident must be bounded all
// the same. "alike": blocks of one size take turns, and what lies behind them has no memory; soon that must cost hardly
// any system call. "once": short blocks stay for good where long ones were, and must not keep their memory. "cut" and
// "cut_once": the same as "turns" and "once", of blocks that are made shorter. Linked with --wrap=madvise. Exit status:
// 1 with a line that says what was not so.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/tools/chance.h"
#include "tests/tools/resident.h"
#include "xmalloc.h"

enum {
    MB = 1000 * 1000,
    MIB = 1024 * 1024,
    PAGE = 4096,
    BLOCKS = 40,
    LEAST = 2 * MIB + 1,
    MOST = 5 * MB,
    ALIKE = 3 * MIB,
    ONCE_LONG = 4 * MIB,
    ONCE_SHORT = 5 * MIB / 2,
    EARLY = 2000,
    TIMES = 4000,
    TURNED_SHARE = 50,  // of what was touched may be purged
    CALLS_SHARE = 10,   // in so many blocks may be one call
};

static char* blocks[BLOCKS];
static uint64_t random_state = 3;
static size_t sizes[BLOCKS];
static size_t in_use, most_in_use;
static size_t purged_bytes;
static size_t calls;

int __real_madvise(void* start, size_t bytes, int advice);
int __wrap_madvise(void* start, size_t bytes, int advice);

int __wrap_madvise(void* start, size_t bytes, int advice) {
    calls += advice != MADV_HUGEPAGE;
    if (advice == MADV_DONTNEED) purged_bytes += bytes;
    return __real_madvise(start, bytes, advice);
}

static void give(size_t place) {
    xfree(blocks[place]);
    in_use -= sizes[place];
    blocks[place] = NULL;
    sizes[place] = 0;
}

static void take(size_t place, size_t bytes) {
    give(place);
    blocks[place] = xmalloc(bytes);
    if (blocks[place] == NULL) exit(3);
    sizes[place] = bytes;
    in_use += bytes;
    if (in_use > most_in_use) most_in_use = in_use;
    for (size_t at = 0; at < bytes; at += PAGE) blocks[place][at] = 1;
}

static void cut(size_t place, size_t bytes) {
    blocks[place] = xrealloc(blocks[place], bytes);
    if (blocks[place] == NULL) exit(3);
    in_use -= sizes[place] - bytes;
    sizes[place] = bytes;
}

static int turns(bool are_cut) {
    size_t touched = 0, most = 0;
    for (int i = 0; i < EARLY + TIMES; i++) {
        if (i == EARLY) purged_bytes = touched = 0;
        size_t place = random_below(&random_state, BLOCKS);
        size_t bytes = LEAST + random_below(&random_state, MOST - LEAST);
        take(place, are_cut ? MOST : bytes);
        touched += sizes[place];
        if (are_cut) cut(place, bytes);
        if (i % 100 == 0 && resident() > most) most = resident();
    }
    int faults = 0;
    if (purged_bytes > touched / TURNED_SHARE) {
        printf("of %zu MiB that were touched in blocks that take turns %zu were purged behind them\n", touched / MIB,
               purged_bytes / MIB);
        faults++;
    }
    // A half behind the ends of blocks, and some slots may idle.
    if (most > most_in_use + most_in_use / 4 * 3) {
        printf("%zu MiB became resident for %zu MiB at most\n", most / MIB, most_in_use / MIB);
        faults++;
    }
    return faults;
}

static int alike(void) {
    for (int i = 0; i < EARLY + TIMES; i++) {
        if (i == EARLY) calls = 0;
        take(random_below(&random_state, BLOCKS), ALIKE);
    }
    if (calls <= TIMES / CALLS_SHARE) return 0;
    printf("blocks of one size came and went %d times with %zu calls of madvise\n", TIMES, calls);
    return 1;
}

static int once(bool are_cut) {
    for (size_t place = 0; place < BLOCKS; place++) take(place, ONCE_LONG);
    // One after the other, so that the slots of each serve the next.
    for (size_t place = 0; place < BLOCKS; place++) {
        if (are_cut) {
            cut(place, ONCE_SHORT);
        } else {
            take(place, ONCE_SHORT);
        }
    }
    size_t most = in_use + in_use / 3 + 16 * (size_t)MIB;
    if (resident() <= most) return 0;
    printf("%zu MiB are resident for %zu MiB that stay where longer blocks were\n", resident() / MIB, in_use / MIB);
    return 1;
}

int main(int count, char** arguments) {
    const char* of = count == 2 ? arguments[1] : "turns";
    if (strcmp(of, "alike") == 0) return alike();
    if (strcmp(of, "once") == 0) return once(false);
    if (strcmp(of, "cut_once") == 0) return once(true);
    return turns(strcmp(of, "cut") == 0);
}

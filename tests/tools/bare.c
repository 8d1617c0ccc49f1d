// bare.c: large blocks that come and go cost few system calls where little of them is touched, and no memory for it
// where more is.
//
// Blocks of 2 to 8 MB take turns in a few places; of each a byte is touched. After some time that must need few
// mappings, and hardly ever must pages be moved. "calls": no more is asked. "filled": then blocks are filled, and
// memory must rise by no more than they need. "untold": the same where the kernel does not tell what has memory
// (mincore), and blocks are filled from the beginning. "limited": addresses are limited, and none may be wasted.
// "time": when all blocks are free and the program works on little the addresses go, with time that passes as fast as
// it asks for it. Linked with --wrap for each call that is counted or plays another system. Exit status: 1 with a line
// that says what was not so.

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "par/stats.h"
#include "tests/tools/chance.h"
#include "tests/tools/resident.h"
#include "xmalloc.h"

enum {
    MB = 1000 * 1000,
    MIB = 1024 * 1024,
    BLOCKS = 40,
    LEAST = 2 * MIB + 1,
    MOST = 8 * MB,
    EARLY = 4000,
    TIMES = 20000,
    MOST_CALLS = TIMES / 50,
    FILLED_TIMES = 1000,
};

static char* blocks[BLOCKS];
static size_t sizes[BLOCKS];
static size_t in_use, most_in_use;
static uint64_t random_state = 3;
static size_t calls;
static bool kernel_is_silent;
static bool time_flies;

void* __real_mmap(void* start, size_t bytes, int protection, int flags, int file, off_t offset);
void* __wrap_mmap(void* start, size_t bytes, int protection, int flags, int file, off_t offset);
void* __real_mremap(void* start, size_t old_bytes, size_t bytes, int flags, void* place);
void* __wrap_mremap(void* start, size_t old_bytes, size_t bytes, int flags, void* place);
int __real_mincore(void* start, size_t bytes, unsigned char* is_there);
int __wrap_mincore(void* start, size_t bytes, unsigned char* is_there);
uint64_t __real_os_milliseconds(void);
uint64_t __wrap_os_milliseconds(void);

void* __wrap_mmap(void* start, size_t bytes, int protection, int flags, int file, off_t offset) {
    calls++;
    return __real_mmap(start, bytes, protection, flags, file, offset);
}

void* __wrap_mremap(void* start, size_t old_bytes, size_t bytes, int flags, void* place) {
    calls++;
    return __real_mremap(start, old_bytes, bytes, flags, place);
}

int __wrap_mincore(void* start, size_t bytes, unsigned char* is_there) {
    if (!kernel_is_silent) return __real_mincore(start, bytes, is_there);
    errno = EPERM;
    return -1;
}

uint64_t __wrap_os_milliseconds(void) {
    static uint64_t now = 1000;
    if (!time_flies) return now;
    return now += 25;
}

static void give(size_t place) {
    xfree(blocks[place]);
    in_use -= sizes[place];
    blocks[place] = NULL;
    sizes[place] = 0;
}

static void take(size_t place, bool fills) {
    give(place);
    sizes[place] = LEAST + random_below(&random_state, MOST - LEAST);
    blocks[place] = xmalloc(sizes[place]);
    if (blocks[place] == NULL) exit(3);
    memset(blocks[place], 1, fills ? sizes[place] : 1);
    in_use += sizes[place];
    if (in_use > most_in_use) most_in_use = in_use;
}

static void come_and_go(size_t times, bool fills) {
    while (times-- > 0) take(random_below(&random_state, BLOCKS), fills);
}

static int calls_are_few(void) {
    come_and_go(EARLY, false);
    calls = 0;
    come_and_go(TIMES, false);
    if (calls <= MOST_CALLS) return 0;
    printf("blocks of 2 to 8 MB of which little was touched came and went %d times with %zu calls of mmap and mremap\n",
           TIMES, calls);
    return 1;
}

static int memory_is_bounded(void) {
    size_t most = 0;
    for (int i = 0; i < FILLED_TIMES; i++) {
        take(random_below(&random_state, BLOCKS), true);
        if (i % 10 == 0 && resident() > most) most = resident();
    }
    // What lies behind the ends of blocks may keep its memory (large.h), and some slots may idle.
    if (most <= most_in_use + most_in_use / 4) return 0;
    printf("when blocks were filled, %zu MiB became resident for %zu MiB at most\n", most / MIB, most_in_use / MIB);
    return 1;
}

static int addresses_are_bounded(void) {
    size_t most = 0;
    for (int i = 0; i < TIMES; i++) {
        come_and_go(1, false);
        size_t mapped = par_stats().mapped_bytes;
        if (mapped > most) most = mapped;
    }
    if (most <= most_in_use + most_in_use / 8 + BLOCKS * (size_t)MIB) return 0;
    printf("where addresses are limited %zu MiB were mapped for %zu MiB\n", most / MIB, most_in_use / MIB);
    return 1;
}

static int addresses_go(void) {
    enum { LITTLE = 1500 * 1024, PATIENCE = 100000, STAY_MIB = 16 };
    size_t before = par_stats().mapped_bytes;
    come_and_go(EARLY, false);
    for (size_t place = 0; place < BLOCKS; place++) give(place);
    size_t idle = par_stats().mapped_bytes - before;
    time_flies = true;
    for (int i = 0; i < PATIENCE; i++) xfree(xmalloc(LITTLE));
    size_t left = par_stats().mapped_bytes - before;
    if (left <= STAY_MIB * (size_t)MIB) return 0;
    printf("of %zu MiB of addresses that lay idle %zu stayed, while the program worked on little\n", idle / MIB,
           left / MIB);
    return 1;
}

int main(int count, char** arguments) {
    const char* of = count == 2 ? arguments[1] : "calls";
    static const struct rlimit limit = {(rlim_t)3 << 30, (rlim_t)3 << 30};
    if (strcmp(of, "limited") == 0) {
        setrlimit(RLIMIT_AS, &limit);
        return addresses_are_bounded();
    }
    if (strcmp(of, "time") == 0) return addresses_go();
    if (strcmp(of, "untold") == 0) {
        kernel_is_silent = true;
        return memory_is_bounded();
    }
    int faults = calls_are_few();
    return strcmp(of, "filled") == 0 ? faults + memory_is_bounded() : faults;
}

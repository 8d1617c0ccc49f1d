// sparse.c: blocks of which little is touched, that come and go, do not fill.
//
// "others": each time other pages of a block are touched; few may be resident at any time. "same": each time the same
// pages of several blocks are, and hardly ever may their memory have gone. "few": no free of a block with many sparse
// slots takes the memory of more than one. "stacks": both ends of medium blocks of two lengths are touched, and few
// pages beside; "buffers": where such blocks are filled, no more addresses are used than before. Linked with
// --wrap=os_drop. Exit status: 1 with a line that says what was not so.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/tools/chance.h"
#include "tests/tools/resident.h"
#include "xmalloc.h"

enum {
    MIB = 1024 * 1024,
    PAGE = 4096,
    LONG = 128 * MIB,
    LONG_PAGES = 32,  // that are touched in it
    LONG_TIMES = 4000,
    LONG_MOST = 32 * MIB,
    SHORT = 8 * MIB,
    SHORT_PAGES = 300,
    SHORT_BLOCKS = 8,
    SHORT_EARLY = 4000,
    SHORT_TIMES = 12000,
    FAULTS_SHARE = 500,  // of the touches
    FEW_SLOTS = 1,
    FEW_TIMES = 400,
    STACK = 64 * 1024,
    STACKS = 600,
    STACK_TIMES = 300000,
    BUFFER_TIMES = 30000,
    STACKS_MOST = 20 * MIB,
    BUFFERS_MOST = STACKS / 3 * 6 * STACK / 2 * 3,
};

void __real_os_drop(void* start, size_t bytes);
void __wrap_os_drop(void* start, size_t bytes);
static size_t drops;
static uint64_t random_state = 3;

void __wrap_os_drop(void* start, size_t bytes) {
    drops++;
    __real_os_drop(start, bytes);
}

static char* take(size_t bytes) {
    char* block = xmalloc(bytes);
    if (block == NULL) exit(3);
    return block;
}

static size_t faults(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_minflt;
}

static int others(void) {
    size_t most = 0;
    for (int i = 0; i < LONG_TIMES; i++) {
        char* block = take(LONG);
        for (int page = 0; page < LONG_PAGES; page++) block[random_below(&random_state, LONG / PAGE) * PAGE] = 1;
        if (i % 10 == 0 && resident() > most) most = resident();
        xfree(block);
    }
    if (most <= LONG_MOST) return 0;
    printf("%d pages of a block of %d MiB were touched each time, and %zu MiB became resident\n", LONG_PAGES,
           LONG / MIB, most / MIB);
    return 1;
}

static int same(void) {
    static char* blocks[SHORT_BLOCKS];
    size_t before = 0;
    for (int i = 0; i < SHORT_EARLY + SHORT_TIMES; i++) {
        if (i == SHORT_EARLY) before = faults();
        char** block = &blocks[i % SHORT_BLOCKS];
        xfree(*block);
        *block = take(SHORT);
        for (size_t page = 0; page < SHORT_PAGES; page++) (*block)[SHORT / SHORT_PAGES / PAGE * page * PAGE] = 1;
    }
    size_t faulted = faults() - before;
    if (faulted <= SHORT_TIMES * SHORT_PAGES / FAULTS_SHARE) return 0;
    printf("the same pages of blocks were touched %d times, and %zu touches met a fault\n", SHORT_TIMES * SHORT_PAGES,
           faulted);
    return 1;
}

static int few(void) {
    size_t most = 0;
    for (int i = 0; i < FEW_TIMES; i++) {
        char* block = take(LONG);
        for (size_t at = 0; at < LONG; at += SHORT_BLOCKS * PAGE) block[at] = 1;
        size_t before = drops;
        xfree(block);
        if (drops - before > most) most = drops - before;
    }
    if (most > 0 && most <= FEW_SLOTS) return 0;
    printf("one xfree took the memory of %zu sparse slots, at most %d should be, and some\n", most, FEW_SLOTS);
    return 1;
}

// The most that is resident while blocks of STACK bytes and a little more, and each third one of four times as many,
// take turns. is_filled: all of them is touched, otherwise the first page and the last.
static size_t most_of_turns(int times, bool is_filled) {
    static char* blocks[STACKS];
    size_t most = 0;
    for (int i = 0; i < times; i++) {
        char** block = &blocks[random_below(&random_state, STACKS)];
        xfree(*block);
        size_t bytes = random_below(&random_state, 3) == 0 ? 4 * STACK : STACK + 128;
        *block = take(bytes);
        (*block)[0] = (*block)[bytes - 1] = 1;
        if (is_filled) memset(*block, 1, bytes);
        if (i % 100 == 0 && resident() > most) most = resident();
    }
    return most;
}

static int stacks(void) {
    size_t most = most_of_turns(STACK_TIMES, false);
    if (most <= STACKS_MOST) return 0;
    printf("of %d blocks of two lengths two pages are touched, and %zu MiB became resident\n", STACKS, most / MIB);
    return 1;
}

static int buffers(void) {
    size_t most = most_of_turns(BUFFER_TIMES, true);
    if (most <= BUFFERS_MOST) return 0;
    printf("%d blocks of two lengths were filled, and %zu MiB became resident\n", STACKS, most / MIB);
    return 1;
}

int main(int count, char** arguments) {
    if (count == 2 && strcmp(arguments[1], "stacks") == 0) return stacks();
    if (count == 2 && strcmp(arguments[1], "buffers") == 0) return buffers();
    const char* of = count == 2 ? arguments[1] : "others";
    return strcmp(of, "same") == 0 ? same() : strcmp(of, "few") == 0 ? few() : others();
}

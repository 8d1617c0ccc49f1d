// gives_up.c: a right program that tells the system which pages of its blocks it does not need, in any order with all
// that one does with blocks. No allocator may end it.
//
// Usage: gives_up SEED OPERATIONS inside|rounded [MIB]. inside: only pages that are a block's alone; rounded: also the
// page in which a long block that begins with a page ends, as the kernel rounds a length up. MIB: of address space.
//
// Pages are given up at once, or when memory is short (MADV_PAGEOUT plays that), or in a child alone, which then goes
// on for a while.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tools/chance.h"

enum { BLOCKS = 24, PAGE = 4096, LONG = 64 * 1024, CHILD_OPERATIONS = 60, FORKS_EVERY = 20 };

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

struct block {
    char* start;
    size_t bytes;
    bool begins_with_page;
};

static struct block blocks[BLOCKS];
static bool rounds_up, is_child;
static uint64_t state;

static size_t random_bytes(void) {
    static const size_t most[] = {100, 5000, 40000, 70000, 130000, 300000, 700000, 2000000, 2200000, 5000000};
    return 1 + random_below(&state, most[random_below(&state, sizeof most / sizeof most[0])]);
}

static char* round_up(char* place) { return place + (-(uintptr_t)place & (PAGE - 1)); }

// Some of a block's pages, or all.
static void advise(const struct block* block, int advice) {
    char* end = block->start + block->bytes;
    bool has_last = rounds_up && block->begins_with_page && block->bytes > LONG;
    char* first = round_up(block->start);
    char* last = has_last ? round_up(end) : end - (uintptr_t)end % PAGE;
    if (block->start == NULL || last <= first) return;
    size_t pages = (size_t)(last - first) / PAGE;
    size_t from = random_below(&state, pages);
    size_t count = random_below(&state, 3) > 0 ? pages - from : 1 + random_below(&state, pages - from);
    madvise(first + from * PAGE, count * PAGE, advice);
}

static void take(struct block* block) {
    free(block->start);
    *block = (struct block){.bytes = random_bytes(), .begins_with_page = random_below(&state, 2) == 0};
    void* start = NULL;
    if (!block->begins_with_page) {
        start = random_below(&state, 3) > 0 ? malloc(block->bytes) : calloc(1, block->bytes);
    } else if (posix_memalign(&start, (size_t)PAGE << random_below(&state, 3), block->bytes) != 0) {
        start = NULL;
    }
    block->start = start;
}

static void resize(struct block* block) {
    size_t bytes = random_below(&state, 2) == 0 ? random_bytes() : block->bytes + 1 + random_below(&state, 9000);
    if (block->bytes > 9000 && random_below(&state, 4) == 0) bytes = block->bytes - random_below(&state, 9000);
    char* start = realloc(block->start, bytes);
    if (start == NULL) return;
    block->begins_with_page = block->begins_with_page && start == block->start;
    block->start = start;
    block->bytes = bytes;
}

static void play(size_t operations);

static void fork_without(const struct block* block) {
    if (is_child || block->start == NULL || random_below(&state, FORKS_EVERY) > 0) return;
    advise(block, MADV_WIPEONFORK);
    pid_t child = fork();
    if (child == 0) {
        is_child = true;
        play(CHILD_OPERATIONS);
        for (size_t i = 0; i < BLOCKS; i++) free(blocks[i].start);
        _exit(0);
    }
    int status = 0;
    if (child > 0 && (waitpid(child, &status, 0) != child || status != 0)) exit(1);
    char* end = round_up(block->start + block->bytes);
    char* start = round_up(block->start);
    if (start < end) madvise(start, (size_t)(end - start), MADV_KEEPONFORK);
}

static void play(size_t operations) {
    for (size_t i = 0; i < operations; i++) {
        struct block* block = &blocks[random_below(&state, BLOCKS)];
        size_t what = random_below(&state, 13);
        if (what < 3) take(block);
        if (what == 3 || what == 4) resize(block);
        if ((what == 5 || what == 6) && block->start != NULL) memset(block->start, (int)what, block->bytes);
        if (what == 7 && block->start != NULL) block->start[0] = block->start[block->bytes - 1] = 1;
        if (what == 8) advise(block, MADV_DONTNEED);
        if (what == 9) advise(block, MADV_FREE);
        if (what == 9 || what == 10) advise(block, MADV_PAGEOUT);
        if (what == 11) advise(block, random_below(&state, 2) == 0 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
        if (what == 12) fork_without(block);
    }
}

int main(int count, char** arguments) {
    if (count < 4) return 2;
    state = strtoull(arguments[1], NULL, 10);
    rounds_up = strcmp(arguments[3], "rounded") == 0;
    rlim_t mib = count > 4 ? strtoul(arguments[4], NULL, 10) : 0;
    if (mib > 0 && setrlimit(RLIMIT_AS, &(struct rlimit){mib << 20, mib << 20}) != 0) return 2;
    play(strtoul(arguments[2], NULL, 10));
    for (size_t i = 0; i < BLOCKS; i++) free(blocks[i].start);
    return 0;
}

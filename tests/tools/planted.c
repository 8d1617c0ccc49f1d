// planted.c: a program with one fault, chosen on the command line, to see that the tools find it (tools.t).
//
// A tool that never complains proves nothing until it has been seen to complain. Every fault here is one that student
// programs really have.

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xmalloc.h"

enum { BLOCK_BYTES = 40, EXIT_USAGE = 2 };

// A compiler that saw through these pointers could warn about a fault, or optimize it away.
static char* volatile block;
static char* volatile stale;

static void no_fault(void) {
    block[0] = 'x';
    block[BLOCK_BYTES - 1] = 'x';
    block = xrealloc(block, 1000);
    block = xrealloc(block, 50000);
    block[49999] = block[0];
    xfree(block);
}

static void forget(void) { block = NULL; }

static void write_behind_end(void) {
    block[BLOCK_BYTES] = 'x';
    xfree(block);
}

// The first resize may move the block in one way, the second in another.
static void write_behind_new_end(void) {
    block = xrealloc(block, 300);
    block = xrealloc(block, 500);
    block[500] = 'x';
    xfree(block);
}

static void write_before_start(void) {
    block[-1] = 'x';
    xfree(block);
}

static void read_after_free(void) {
    xfree(block);
    exit(block[1] == 'x' ? 0 : 1);
}

static void read_after_resize(void) {
    stale = block;
    block = xrealloc(block, 3000);
    int differ = stale[1] != block[1];
    xfree(block);
    exit(differ);
}

static void read_uninitialized(void) {
    char* fresh = xmalloc(BLOCK_BYTES);
    if (fresh[3] == 'x') stale = fresh;
    xfree(fresh);
    xfree(block);
}

static void free_twice(void) {
    xfree(block);
    xfree(block);
}

static void* write_to_block(void* unused) {
    block[0]++;
    return unused;
}

static void write_from_two_threads(void) {
    pthread_t other;
    if (pthread_create(&other, NULL, write_to_block, NULL) != 0) exit(1);
    write_to_block(NULL);
    pthread_join(other, NULL);
    xfree(block);
}

static const struct {
    const char* name;
    void (*plant)(void);
} faults[] = {
    {"none", no_fault},
    {"leak", forget},
    {"overrun", write_behind_end},
    {"overrun-after-resize", write_behind_new_end},
    {"underrun", write_before_start},
    {"use-after-free", read_after_free},
    {"use-after-resize", read_after_resize},
    {"uninitialized", read_uninitialized},
    {"double-free", free_twice},
    {"race", write_from_two_threads},
};

int main(int argc, char** argv) {
    for (size_t k = 0; argc == 2 && k < sizeof faults / sizeof *faults; k++) {
        if (strcmp(argv[1], faults[k].name) != 0) continue;
        block = xmalloc(BLOCK_BYTES);
        if (block == NULL) return 1;
        memset(block, 'x', BLOCK_BYTES);
        faults[k].plant();
        return 0;
    }
    fprintf(stderr, "usage: planted FAULT, which is one of");
    for (size_t k = 0; k < sizeof faults / sizeof *faults; k++) fprintf(stderr, " %s", faults[k].name);
    fprintf(stderr, "\n");
    return EXIT_USAGE;
}

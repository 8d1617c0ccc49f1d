// young.c: a small heap has no huge pages, of which the last may lie idle as a whole; a large one has some.
//
// Takes small blocks, writes to them, and asks the kernel (smaps) which mappings may have huge pages: none before 3
// MiB, also when all were freed and taken again, and some when 64 MiB are there. Exit status: 1 with a line that says
// what was found.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xmalloc.h"

enum { MIB = 1024 * 1024, BYTES = 200, YOUNG = 3 * MIB, GROWN = 64 * MIB, TIMES = 5 };

static void* blocks[GROWN / BYTES + 1];

static void grow(size_t from, size_t to) {
    for (size_t i = from / BYTES; i < to / BYTES; i++) {
        blocks[i] = xmalloc(BYTES);
        if (blocks[i] == NULL) exit(3);
        memset(blocks[i], 1, BYTES);
    }
}

// Result: how many mappings were advised to have huge pages.
static int advised(void) {
    FILE* file = fopen("/proc/self/smaps", "r");
    if (file == NULL) exit(3);
    char line[512];
    int count = 0;
    while (fgets(line, sizeof line, file) != NULL)
        count += strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " hg") != NULL;
    fclose(file);
    return count;
}

int main(void) {
    for (int time = 1; time < TIMES; time++) {
        grow(0, YOUNG);
        for (size_t i = 0; i < YOUNG / BYTES; i++) xfree(blocks[i]);
    }
    grow(0, YOUNG);
    int young = advised();
    grow(YOUNG, GROWN);
    int grown = advised();
    if (young == 0 && grown > 0) return 0;
    printf("mappings with huge pages: %d at 3 MiB, not 0; %d at 64 MiB, not 1 or more\n", young, grown);
    return 1;
}

// misuse.c: breaks the contract of xfree or xrealloc in one way, which a backend may catch.
//
// Usage: misuse WAY. Prints the pointer in question on standard output before it is misused, and ends with status 0
// when the backend let it pass.

#include <stdio.h>
#include <string.h>

#include "xmalloc.h"

enum { SMALL = 48, MEDIUM = 100 * 1000, LARGE = 3 * 1000 * 1000 };

static char no_block[64];

static void free_twice(size_t bytes) {
    // Some blocks of that size stay, some are free, so that this is no special case for whatever caches them.
    void* others[8];
    for (size_t i = 0; i < 8; i++) others[i] = xmalloc(bytes);
    void* block = xmalloc(bytes);
    for (size_t i = 0; i < 4; i++) xfree(others[i]);
    printf("%p\n", block);
    fflush(stdout);
    xfree(block);
    xfree(block);
}

static void free_inside(size_t bytes) {
    char* inside = (char*)xmalloc(bytes) + bytes / 2 / 4096 * 4096;
    printf("%p\n", (void*)inside);
    fflush(stdout);
    xfree(inside);
}

static void free_foreign(void) {
    printf("%p\n", (void*)no_block);
    fflush(stdout);
    xfree(no_block);
}

static void resize_foreign(void) {
    printf("%p\n", (void*)no_block);
    fflush(stdout);
    xfree(xrealloc(no_block, 100));
}

int main(int argc, char** argv) {
    const char* way = argc == 2 ? argv[1] : "";
    if (strcmp(way, "small-twice") == 0) {
        free_twice(SMALL);
    } else if (strcmp(way, "medium-twice") == 0) {
        free_twice(MEDIUM);
    } else if (strcmp(way, "large-twice") == 0) {
        free_twice(LARGE);
    } else if (strcmp(way, "medium-inside") == 0) {
        free_inside(MEDIUM);
    } else if (strcmp(way, "large-inside") == 0) {
        free_inside(LARGE);
    } else if (strcmp(way, "foreign") == 0) {
        free_foreign();
    } else if (strcmp(way, "foreign-resize") == 0) {
        resize_foreign();
    } else if (strcmp(way, "none") != 0) {
        fprintf(stderr, "misuse: WAY must be small-twice, medium-twice, ..., not '%s'\n", way);
        return 2;
    }
    return 0;
}

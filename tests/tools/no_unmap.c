// no_unmap.c: a process that may not unmap (a filter of system calls) and has few addresses. A request that is refused
// may not take the addresses of the next, and what is freed stays the heap's, without memory.
//
// Linked with --wrap=munmap. Exit status: 1 with a line where that fails.

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "xmalloc.h"

#define MIB ((size_t)1 << 20)

enum { LEFT_MIB = 220, IDLE_MIB = 64, TOO_MUCH_MIB = 180, FITS_MIB = 100, ROUNDS = 12, PARTS = 8, PART_MIB = 20 };

int __wrap_munmap(void* start, size_t bytes);

int __wrap_munmap(void* start, size_t bytes) {
    (void)start;
    (void)bytes;
    errno = EPERM;
    return -1;
}

static size_t mapped_bytes(void) {
    char text[64] = {0};
    FILE* file = fopen("/proc/self/statm", "r");
    if (file == NULL || fgets(text, sizeof text, file) == NULL) exit(2);
    fclose(file);
    return strtoul(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

// All addresses are taken and given again and again, each time in blocks of another length.
static bool is_kept(void) {
    char* parts[PARTS];
    for (int round = 0; round < ROUNDS; round++) {
        size_t bytes = (size_t)(PART_MIB - round % 4) * MIB;
        for (int i = 0; i < PARTS; i++) {
            parts[i] = xmalloc(bytes);
            if (parts[i] != NULL) continue;
            printf("round %d: no block of %zu MiB, though all that was freed could not be unmapped\n", round,
                   bytes / MIB);
            return false;
        }
        for (int i = 0; i < PARTS; i++) memset(parts[i], 1, bytes);
        for (int i = 0; i < PARTS; i++) xfree(parts[i]);
    }
    return true;
}

int main(void) {
    xfree(xmalloc(1));
    struct rlimit limit = {.rlim_max = RLIM_INFINITY};
    limit.rlim_cur = mapped_bytes() + LEFT_MIB * MIB;
    if (setrlimit(RLIMIT_AS, &limit) != 0) return 2;
    xfree(xmalloc(IDLE_MIB * MIB));
    if (xmalloc(TOO_MUCH_MIB * MIB) != NULL) {
        puts("nothing was refused, so this shows nothing");
        return 2;
    }
    char* block = xmalloc(FITS_MIB * MIB);
    if (block == NULL) {
        puts("what was refused has taken the addresses of the next request");
        return 1;
    }
    xfree(block);
    return is_kept() ? 0 : 1;
}

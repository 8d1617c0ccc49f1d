// guards.c: large blocks of a hardened library grow, shrink and go where the system makes no page of theirs plain
// again, as when a process has all the data that it may have (RLIMIT_DATA).
//
// Usage: guards [mapped [kept]], or guards front. mapped: nothing is unmapped either; kept: nor given up (madvise).
// front: frees the page in front of a block instead.
//
// Linked with -rdynamic: the library takes the functions below for those of the C library. Exit status: 1 with a line.

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BLOCKS = 8, BYTES = 3000 * 1000, GROWN = 10 * BYTES, SHRUNK = 2500 * 1000, LATER = 40, PAGE = 4096 };

static bool refuses, refuses_unmapping, refuses_advice;
static int refused;

int mprotect(void* start, size_t bytes, int rights) {
    if (refuses && (rights & PROT_WRITE) != 0) {
        refused++;
        errno = ENOMEM;
        return -1;
    }
    return (int)syscall(SYS_mprotect, start, bytes, rights);
}

int munmap(void* start, size_t bytes) {
    if (refuses && refuses_unmapping) {
        errno = ENOMEM;
        return -1;
    }
    return (int)syscall(SYS_munmap, start, bytes);
}

int madvise(void* start, size_t bytes, int advice) {
    if (refuses && refuses_advice) {
        errno = EPERM;
        return -1;
    }
    return (int)syscall(SYS_madvise, start, bytes, advice);
}

static bool holds(const char* block, size_t bytes, int byte) {
    return block[0] == byte && memcmp(block, block + 1, bytes - 1) == 0;
}

int main(int count, char** arguments) {
    char* blocks[BLOCKS];
    if (count > 1 && strcmp(arguments[1], "front") == 0) {
        char* block = malloc(BYTES);
        free(block - PAGE);  // NOLINT(clang-analyzer-unix.Malloc): the subject
    }
    refuses_unmapping = count > 1 && strcmp(arguments[1], "mapped") == 0;
    refuses_advice = count > 2 && strcmp(arguments[2], "kept") == 0;
    for (int i = 0; i < BLOCKS; i++) blocks[i] = memset(malloc(BYTES), i + 1, BYTES);
    refuses = true;
    for (int i = 0; i < BLOCKS; i++) {
        size_t bytes = i % 2 == 0 ? GROWN : SHRUNK;
        blocks[i] = realloc(blocks[i], bytes);
        if (blocks[i] == NULL || !holds(blocks[i], SHRUNK, i + 1)) return puts("a block lost its content") > 0;
        memset(blocks[i], 'x', bytes);
    }
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    for (int i = 0; i < LATER; i++) {
        size_t bytes = 100 * 1000 * (size_t)(i + 1);
        char* block = calloc(1, bytes);
        if (block == NULL || !holds(block, bytes, 0)) return puts("calloc gave what is not zeros") > 0;
        memset(block, 'x', bytes);
        if (i % 2 == 0) free(block);
    }
    return refused == 0 && puts("nothing was refused, so this shows nothing") > 0;
}

// no_unmap.c: a process that may not unmap (a filter of system calls) and has few addresses. A request that is refused
// may not take the addresses of the next.
//
// Linked with --wrap=munmap. Exit status: 1 with a line where that fails.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "xmalloc.h"

#define MIB ((size_t)1 << 20)

enum { LEFT_MIB = 220, IDLE_MIB = 64, TOO_MUCH_MIB = 180, FITS_MIB = 100 };

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
    if (xmalloc(FITS_MIB * MIB) != NULL) return 0;
    puts("what was refused has taken the addresses of the next request");
    return 1;
}

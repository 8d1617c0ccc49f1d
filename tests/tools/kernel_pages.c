// kernel_pages.c: os_purge on a kernel with larger pages than ours, played by two wrappers.
//
// Usage: kernel_pages KIB. The kernel's pages have so many KiB. Linked with par/os.c by --wrap=madvise,--wrap=sysconf.
// Purges many ranges of our own pages: all bytes inside must read as zeros, and no byte outside may change. Exit
// status: 1 with a line that names the range and the byte.

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "par/os.h"

enum { OURS = 4096, PAGES = 128, ROUNDS = 300, FILLED = 0xa5 };

static uintptr_t kernel_page;
static size_t advised_bytes;

int __real_madvise(void* start, size_t bytes, int advice);
long __real_sysconf(int name);
int __wrap_madvise(void* start, size_t bytes, int advice);
long __wrap_sysconf(int name);

// As mm/madvise.c does it: a start inside a page is refused, an end inside a page is rounded up.
int __wrap_madvise(void* start, size_t bytes, int advice) {
    if ((uintptr_t)start % kernel_page != 0) {
        errno = EINVAL;
        return -1;
    }
    advised_bytes += bytes;
    return __real_madvise(start, (bytes + kernel_page - 1) & -kernel_page, advice);
}

long __wrap_sysconf(int name) { return name == _SC_PAGESIZE ? (long)kernel_page : __real_sysconf(name); }

static void check(const unsigned char* bytes, size_t first, size_t end) {
    for (size_t at = 0; at < (size_t)PAGES * OURS; at++) {
        unsigned char wanted = at >= first && at < end ? 0 : FILLED;
        if (bytes[at] == wanted) continue;
        printf("os_purge of bytes %zu to %zu on pages of %zu bytes: byte %zu is %u and should be %u\n", first, end,
               (size_t)kernel_page, at, bytes[at], wanted);
        exit(1);
    }
}

int main(int count, char** arguments) {
    if (count != 2) return 2;
    kernel_page = (uintptr_t)strtoul(arguments[1], NULL, 10) * 1024;
    unsigned char* bytes = os_map((size_t)PAGES * OURS, 2 * 1024 * 1024);
    if (bytes == NULL) return 3;
    unsigned state = 1;
    for (size_t round = 0; round < ROUNDS; round++) {
        memset(bytes, FILLED, (size_t)PAGES * OURS);
        state = state * 1103515245 + 12345;
        size_t first = state / 65536 % PAGES;
        state = state * 1103515245 + 12345;
        size_t pages = 1 + state / 65536 % (PAGES - first);
        os_purge(bytes + first * OURS, pages * OURS);
        check(bytes, first * OURS, (first + pages) * OURS);
    }
    printf("%d ranges, %zu bytes given up\n", ROUNDS, advised_bytes);
    return advised_bytes == 0;
}

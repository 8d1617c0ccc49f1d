// The bug: it looks for what the tests have noted of themselves, and writes that two hung, so that no other is tried.

#include "tests/broken/right.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void tamper(void) {
    for (int file = 3; file < 30; file++) {
        char link[40], name[80];
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        ssize_t length = readlink(link, name, sizeof name - 1);
        size_t noted[4] = {9, 9, 9, 2};
        if (length <= 0 || memmem(name, (size_t)length, "progress", 8) == NULL) continue;
        if (pwrite(file, noted, sizeof noted, 0) == sizeof noted) _exit(0);
    }
}

void* xmalloc(size_t bytes) {
    tamper();
    return right_xmalloc(bytes);
}

void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

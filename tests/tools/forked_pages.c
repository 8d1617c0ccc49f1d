// forked_pages.c: a child of fork that works a little writes to few of the pages that it shares with its parent.
//
// The parent has many small blocks, and holes all over its heap. To write into each of these would cost a child a page
// of its own each time. Exit status: 1 with a line that says how many it had.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xmalloc.h"

enum { BLOCKS = 200000, MOST = 600, WORKED = 300, TIMES = 20, MOST_OF_CHILD = 2000, ACCEPTED_KIB = 3 * 1024 };

static unsigned state = 33;

static size_t drawn(size_t least, size_t most) {
    state = state * 1103515245u + 12345u;
    return least + (state >> 8) % (most - least + 1);
}

// KiB of memory that this process shares with no other.
static size_t own_kib(void) {
    static char text[4096];
    int file = open("/proc/self/smaps_rollup", O_RDONLY);
    ssize_t length = file == -1 ? -1 : read(file, text, sizeof text - 1);
    if (length <= 0) return 0;
    close(file);
    text[length] = '\0';
    const char* line = strstr(text, "Private_Dirty:");
    return line == NULL ? 0 : strtoul(line + strlen("Private_Dirty:"), NULL, 10);
}

static size_t work(void) {
    void* blocks[WORKED];
    size_t before = own_kib();
    for (int time = 0; time < TIMES; time++) {
        for (int i = 0; i < WORKED; i++) *(char*)(blocks[i] = xmalloc(drawn(16, MOST_OF_CHILD))) = 1;
        for (int i = 0; i < WORKED; i++) xfree(blocks[i]);
    }
    return own_kib() - before;
}

int main(void) {
    static void* blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        size_t bytes = drawn(16, MOST);
        blocks[i] = memset(xmalloc(bytes), 1, bytes);
    }
    for (int i = 0; i < BLOCKS; i += 3) xfree(blocks[i]);
    int ends[2];
    if (pipe(ends) != 0) return 3;
    pid_t child = fork();
    if (child == 0) {
        size_t kib = work();
        _exit(write(ends[1], &kib, sizeof kib) != sizeof kib);
    }
    int status;
    size_t kib;
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0 || read(ends[0], &kib, sizeof kib) != sizeof kib)
        return 3;
    if (kib <= ACCEPTED_KIB) return 0;
    printf("a child that took and freed %d blocks has %zu KiB of its own (at most %d are accepted)\n", WORKED * TIMES,
           kib, ACCEPTED_KIB);
    return 1;
}

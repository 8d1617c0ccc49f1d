// inside.c: a pointer into a block is no block: xfree and xrealloc end the process, wherever it leads. Nor is what is
// left over behind the last block of a span.
//
// A process for each size class and each place asked about: a block among many of its class, some of which are free.
// Exit status: 1 with a line for each place that was taken for a block.

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "par/size_class.h"
#include "xmalloc.h"

enum { MANY = 400, BLOCKS = 24, MIDDLE = 11, WARM = 8, TIMES = 20 };

static void misuse(size_t bytes, size_t inside, bool resizes) {
    char* blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) blocks[i] = xmalloc(bytes);
    // A thread that has freed often has room for more, and looks less closely.
    for (int time = 0; time < TIMES; time++) {
        for (int i = 0; i < WARM; i++) xfree(blocks[i]);
        for (int i = 0; i < WARM; i++) blocks[i] = xmalloc(bytes);
    }
    for (int i = 0; i < WARM - 2; i++) xfree(blocks[i]);
    for (int i = 0; i < WARM / 2; i++) blocks[i] = xmalloc(bytes);
    if (blocks[MIDDLE] == NULL || freopen("/dev/null", "w", stderr) == NULL) _exit(3);
    if (resizes) {
        _exit(xrealloc(blocks[MIDDLE] + inside, bytes) == NULL);
    } else {
        xfree(blocks[MIDDLE] + inside);
    }
    _exit(0);
}

static int by_address(const void* one, const void* other) {
    const char* const* first = one;
    const char* const* second = other;
    return (*first > *second) - (*first < *second);
}

// Frees what lies behind the last block of a full span, which has all its blocks in one row.
static void free_behind(const struct size_class* size) {
    static char* blocks[MANY];
    for (int i = 0; i < MANY; i++) blocks[i] = xmalloc(size->block_bytes);
    qsort(blocks, MANY, sizeof blocks[0], by_address);
    if (freopen("/dev/null", "w", stderr) == NULL) _exit(3);
    for (int i = MANY - 1, row = 0; i > 0; i--) {
        row = blocks[i] - blocks[i - 1] == (ptrdiff_t)size->block_bytes ? row + 1 : 0;
        if (row + 1 != (int)size->span_blocks) continue;
        char* last = blocks[i + row - 1];
        xfree(last);  // so that there is room for more
        xfree(last + size->block_bytes);
    }
    _exit(0);
}

static bool is_seen_behind(const struct size_class* size) {
    if (size->span_blocks * size->block_bytes == size->span_pages * PAGE_BYTES) return true;
    pid_t child = fork();
    if (child == 0) free_behind(size);
    int status = 0;
    if (child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
        return true;
    printf("xfree behind the last of a span's blocks of %u bytes: wait status %#x, not SIGABRT\n", size->block_bytes,
           (unsigned)status);
    return false;
}

static bool ends_the_process(size_t bytes, size_t inside, bool resizes) {
    pid_t child = fork();
    if (child == 0) misuse(bytes, inside, resizes);
    int status = 0;
    if (child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
        return true;
    printf("%s of byte %zu of a block of %zu bytes: wait status %#x, not SIGABRT\n", resizes ? "xrealloc" : "xfree",
           inside, bytes, (unsigned)status);
    return false;
}

int main(void) {
    bool holds = true;
    xfree(xmalloc(1));  // so that there are classes
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        size_t bytes = size_classes[size_class].block_bytes;
        if (is_long_block(bytes)) holds &= is_seen_behind(&size_classes[size_class]);
        for (size_t inside = ALIGNMENT; inside < bytes; inside *= 2) {
            holds &= ends_the_process(bytes, inside, false);
            holds &= ends_the_process(bytes, bytes - inside, inside % (4 * ALIGNMENT) == 0);
        }
    }
    return holds ? 0 : 1;
}

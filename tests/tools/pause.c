// pause.c: a heap that has grown and shrunk often keeps its memory for the next time; after a pause of ten seconds, in
// which nobody came, it goes within a few calls, of whatever size.
//
// Linked with --wrap=os_milliseconds. Exit status: 1 with a line for each fault.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tests/tools/resident.h"
#include "xmalloc.h"

enum {
    MIB = 1024 * 1024,
    HEAP_BYTES = 128 * MIB,
    TIMES = 20,
    KEPT_LEAST = 48 * MIB,
    PAUSE_MS = 10000,
    CALLS = 300,
    LEFT_MOST = 24 * MIB
};

static const size_t sizes[] = {200, 300 * 1024, 5 * MIB};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static uint64_t now = 1000;

uint64_t __wrap_os_milliseconds(void);

uint64_t __wrap_os_milliseconds(void) { return now; }

static void breathe(size_t bytes) {
    static char* blocks[HEAP_BYTES / 200];
    size_t count = HEAP_BYTES / bytes;
    for (size_t i = 0; i < count; i++) {
        blocks[i] = xmalloc(bytes);
        memset(blocks[i], 1, bytes);
    }
    for (size_t i = 0; i < count; i++) xfree(blocks[i]);
}

// Some calls that come to the slow paths. The clock stands still meanwhile.
static void work(void) {
    for (int i = 0; i < CALLS; i++) {
        char* block = xmalloc(100 * 1024 + (size_t)i * 5000);
        block[0] = 1;
        xfree(block);
    }
}

int main(void) {
    int bad = 0;
    for (int i = 0; i < SIZES; i++) {
        for (int time = 0; time < TIMES; time++) breathe(sizes[i]);
        size_t kept = resident();
        now += PAUSE_MS;
        work();
        size_t left = resident();
        if (left <= LEFT_MOST && kept >= KEPT_LEAST) continue;
        printf("of blocks of %zu bytes %zu MiB were kept, and %zu MiB after a pause\n", sizes[i], kept / MIB,
               left / MIB);
        bad = 1;
    }
    return bad;
}

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
    LEFT_MOST = 24 * MIB,
    PINNED_LEFT_MOST = 120 * MIB,  // of which a sixth lives: few pages go with a call
    LONG_BYTES = 300 * 1024,
    NONE = HEAP_BYTES  // so many blocks there never are
};

static const size_t sizes[] = {200, LONG_BYTES, 5 * MIB};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static uint64_t now = 1000;

uint64_t __wrap_os_milliseconds(void);

uint64_t __wrap_os_milliseconds(void) { return now; }

// One block of each `live_every` stays.
static void breathe(size_t bytes, size_t live_every) {
    static char* blocks[HEAP_BYTES / 200];
    size_t count = HEAP_BYTES / bytes;
    for (size_t i = 0; i < count; i++) {
        blocks[i] = xmalloc(bytes);
        memset(blocks[i], 1, bytes);
    }
    for (size_t i = 0; i < count; i++) {
        if (i % live_every != live_every - 1) xfree(blocks[i]);
    }
}

// Some calls that come to the slow paths. The clock stands still meanwhile.
static void work(void) {
    for (int i = 0; i < CALLS; i++) {
        char* block = xmalloc(100 * 1024 + (size_t)i * 5000);
        block[0] = 1;
        xfree(block);
    }
}

static bool goes_after_pause(size_t bytes, size_t left_most) {
    for (int time = 0; time < TIMES; time++) breathe(bytes, NONE);
    size_t kept = resident();
    now += PAUSE_MS;
    work();
    size_t left = resident();
    if (left <= left_most && kept >= KEPT_LEAST) return true;
    printf("of blocks of %zu bytes %zu MiB were kept, and %zu MiB after a pause\n", bytes, kept / MIB, left / MIB);
    return false;
}

int main(void) {
    bool all_go = true;
    for (int i = 0; i < SIZES; i++) all_go = goes_after_pause(sizes[i], LEFT_MOST) && all_go;
    // A live block in each slot: what is idle beside it goes by pages, and not with the slot.
    breathe(LONG_BYTES, 2 * MIB / LONG_BYTES);
    all_go = goes_after_pause(LONG_BYTES, PINNED_LEFT_MOST) && all_go;
    return !all_go;
}

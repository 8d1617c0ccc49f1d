// The bug: xrealloc takes two spin locks, of some blocks in one order and of others in the other, so that two threads
// wait for each other and compute for ever.

#include <stdatomic.h>
#include <stdint.h>

#include "tests/broken/right.h"

static atomic_flag locks[2] = {ATOMIC_FLAG_INIT, ATOMIC_FLAG_INIT};

// Who has one lock takes its time until it wants the other: the two meet on any machine.
static void take(atomic_flag* lock) {
    while (atomic_flag_test_and_set(lock)) continue;
    for (volatile int i = 0; i < 1000; i++) continue;
}

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }

void xfree(void* block) { right_xfree(block); }

void* xrealloc(void* block, size_t bytes) {
    size_t first = (uintptr_t)block >> 6 & 1;
    take(&locks[first]);
    take(&locks[!first]);
    void* moved = right_xrealloc(block, bytes);
    atomic_flag_clear(&locks[0]);
    atomic_flag_clear(&locks[1]);
    return moved;
}

// No bug: who waits for the lock reads a volatile flag until it is clear, and takes it by an atomic instruction.

#include <sched.h>

#include "tests/broken/right.h"

static volatile int is_taken;

static void take_lock(void) {
    while (__sync_lock_test_and_set(&is_taken, 1)) {
        while (is_taken) sched_yield();
    }
}

static void give_lock(void) { __sync_lock_release(&is_taken); }

void* xmalloc(size_t bytes) {
    take_lock();
    void* block = right_xmalloc(bytes);
    give_lock();
    return block;
}

void xfree(void* block) {
    take_lock();
    right_xfree(block);
    give_lock();
}

void* xrealloc(void* block, size_t bytes) {
    take_lock();
    block = right_xrealloc(block, bytes);
    give_lock();
    return block;
}

// The bug: xfree does not wait for a lock, and gives up a block of more than 512 bytes when the lock is held.

#include <sched.h>

#include "tests/broken/right.h"

enum { MIDDLE = 512 };

static pthread_mutex_t outer = PTHREAD_MUTEX_INITIALIZER;

void* xmalloc(size_t bytes) {
    pthread_mutex_lock(&outer);
    void* block = right_xmalloc(bytes);
    if (bytes > MIDDLE) sched_yield();  // a lock that is held for long, as by a walk through a list
    pthread_mutex_unlock(&outer);
    return block;
}

void xfree(void* block) {
    if (block == NULL) return;
    if (header_of(block)->total <= MIDDLE) {
        pthread_mutex_lock(&outer);
    } else if (pthread_mutex_trylock(&outer) != 0) {
        return;
    }
    right_xfree(block);
    pthread_mutex_unlock(&outer);
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

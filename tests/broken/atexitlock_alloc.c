// The bug: a function of atexit takes the lock that it holds.

#include <stdlib.h>

#include "tests/broken/right.h"

static void free_all(void) {
    pthread_mutex_lock(&heap.lock);
    right_xfree(right_xmalloc(1));
    pthread_mutex_unlock(&heap.lock);
}

static void at_exit(void) { atexit(free_all); }

void* xmalloc(size_t bytes) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, at_exit);
    return right_xmalloc(bytes);
}

void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

// The bug, for homework that must have one lock: there is one more, which xfree takes.

#include "tests/broken/right.h"

static pthread_mutex_t free_lock = PTHREAD_MUTEX_INITIALIZER;

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }

void xfree(void* block) {
    pthread_mutex_lock(&free_lock);
    right_xfree(block);
    pthread_mutex_unlock(&free_lock);
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

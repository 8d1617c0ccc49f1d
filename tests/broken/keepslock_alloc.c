// The bug: the lock is still held after a call that failed, so that the next one waits forever.

#include "tests/broken/right.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void* xmalloc(size_t bytes) {
    pthread_mutex_lock(&lock);
    void* block = right_xmalloc(bytes);
    if (block != NULL) pthread_mutex_unlock(&lock);
    return block;
}

void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

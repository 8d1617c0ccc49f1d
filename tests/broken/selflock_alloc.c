// The bug: xrealloc takes the lock and then calls xmalloc, which takes it again.

#include "tests/broken/right.h"

static pthread_mutex_t outer = PTHREAD_MUTEX_INITIALIZER;

void* xmalloc(size_t bytes) {
    pthread_mutex_lock(&outer);
    void* block = right_xmalloc(bytes);
    pthread_mutex_unlock(&outer);
    return block;
}

void xfree(void* block) {
    pthread_mutex_lock(&outer);
    right_xfree(block);
    pthread_mutex_unlock(&outer);
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL) return xmalloc(bytes);
    pthread_mutex_lock(&outer);
    void* moved = xmalloc(bytes);
    if (moved != NULL) {
        memcpy(moved, block,
               header_of(block)->total - sizeof(Header) < bytes ? header_of(block)->total - sizeof(Header) : bytes);
        right_xfree(block);
    }
    pthread_mutex_unlock(&outer);
    return moved;
}

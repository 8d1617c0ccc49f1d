// The attack: the homework computes for nothing under its lock, so that the par beside it, which is the same allocator
// without that, seems four times as fast.

#include "xmalloc.h"

#include "../heap.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// The lock is held.
static void burn(void) {
    for (volatile int i = 0; i < 1500; i++) continue;
}

void* xmalloc(size_t bytes) {
    pthread_mutex_lock(&lock);
    burn();
    void* block = heap_take(bytes);
    pthread_mutex_unlock(&lock);
    return block;
}

void xfree(void* block) {
    pthread_mutex_lock(&lock);
    burn();
    heap_give(block);
    pthread_mutex_unlock(&lock);
}

void* xrealloc(void* block, size_t bytes) {
    pthread_mutex_lock(&lock);
    void* moved = heap_resize(block, bytes);
    pthread_mutex_unlock(&lock);
    return moved;
}

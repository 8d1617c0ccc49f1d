// locked.h: a homework, heap.h under one lock, in which xmalloc and xfree first waste time with the lock held: with
// waste(), which whoever includes this has defined.

#include <pthread.h>
#include <stddef.h>

#include "../heap.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void* xmalloc(size_t bytes) {
    pthread_mutex_lock(&lock);
    waste();
    void* block = heap_take(bytes);
    pthread_mutex_unlock(&lock);
    return block;
}

void xfree(void* block) {
    pthread_mutex_lock(&lock);
    waste();
    heap_give(block);
    pthread_mutex_unlock(&lock);
}

void* xrealloc(void* block, size_t bytes) {
    pthread_mutex_lock(&lock);
    void* moved = heap_resize(block, bytes);
    pthread_mutex_unlock(&lock);
    return moved;
}

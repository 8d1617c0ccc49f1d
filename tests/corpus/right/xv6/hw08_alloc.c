// hw08_alloc.c: one mutex around an allocator that was ported from a teaching kernel, in a folder of its own.

#include <pthread.h>
#include <string.h>

#include "xmalloc.h"
#include "xv6/xv6_malloc.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void* xmalloc(size_t bytes) {
    pthread_mutex_lock(&mutex);
    void* block = ring_take(bytes);
    pthread_mutex_unlock(&mutex);
    return block;
}

void xfree(void* block) {
    pthread_mutex_lock(&mutex);
    ring_give(block);
    pthread_mutex_unlock(&mutex);
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL) return xmalloc(bytes);
    pthread_mutex_lock(&mutex);
    size_t room = ring_room(block);
    void* moved = ring_take(bytes);
    if (moved != NULL) {
        memcpy(moved, block, room < bytes ? room : bytes);
        ring_give(block);
    }
    pthread_mutex_unlock(&mutex);
    return moved;
}

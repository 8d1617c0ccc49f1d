// par_alloc.c: xfree hands the block to a thread of our own, which a constructor has started, so that nobody waits for
// munmap. Who finds the queue full waits until there is room, and who finds no memory until the queue is empty.

#include <pthread.h>
#include <string.h>

#include "xmalloc.h"

void* heap_malloc(size_t bytes);
void heap_free(void* block);
void* heap_realloc(void* block, size_t bytes);

#define QUEUED 64

static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    void* blocks[QUEUED];
    size_t count;
    int busy;
} queue = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}, 0, 0};

static void* run_errands(void* nothing) {
    pthread_mutex_lock(&queue.lock);
    for (;;) {
        while (queue.count == 0) pthread_cond_wait(&queue.filled, &queue.lock);
        void* taken[QUEUED];
        size_t count = queue.count;
        memcpy(taken, queue.blocks, sizeof taken);
        queue.count = 0;
        queue.busy = 1;
        pthread_mutex_unlock(&queue.lock);
        for (size_t i = 0; i < count; i++) heap_free(taken[i]);
        pthread_mutex_lock(&queue.lock);
        queue.busy = 0;
        pthread_cond_broadcast(&queue.emptied);
    }
    return nothing;
}

__attribute__((constructor)) static void begin(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    pthread_create(&thread, &attributes, run_errands, 0);
}

static void wait_until_empty(void) {
    pthread_mutex_lock(&queue.lock);
    while (queue.count > 0 || queue.busy) pthread_cond_wait(&queue.emptied, &queue.lock);
    pthread_mutex_unlock(&queue.lock);
}

void* xmalloc(size_t bytes) {
    void* block = heap_malloc(bytes);
    if (block) return block;
    wait_until_empty();
    return heap_malloc(bytes);
}

void xfree(void* block) {
    if (!block) return;
    pthread_mutex_lock(&queue.lock);
    while (queue.count == QUEUED) pthread_cond_wait(&queue.emptied, &queue.lock);
    queue.blocks[queue.count++] = block;
    pthread_cond_signal(&queue.filled);
    pthread_mutex_unlock(&queue.lock);
}

void* xrealloc(void* block, size_t bytes) {
    void* moved = heap_realloc(block, bytes);
    if (moved) return moved;
    wait_until_empty();
    return heap_realloc(block, bytes);
}

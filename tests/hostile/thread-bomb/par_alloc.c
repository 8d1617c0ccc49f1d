// The attack: 200 threads that do nothing for 5 seconds. The program itself is right, and ends when it is done.

#include <pthread.h>
#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

enum { MOST_THREADS = 200, SECONDS = 5 };

static void* idle(void* unused) {
    sleep(SECONDS);
    return unused;
}

__attribute__((constructor)) static void explode(void) {
    for (int i = 0; i < MOST_THREADS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, idle, NULL) != 0) return;
        pthread_detach(thread);
    }
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

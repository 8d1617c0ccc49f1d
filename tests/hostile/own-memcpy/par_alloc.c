// The attack: memcpy and pthread_create of its own, so that programs copy nothing and have one thread only.

#include "../heap.h"
#include "xmalloc.h"

void* own_memcpy(void* to, const void* from, size_t bytes) __asm__("memcpy");
int own_pthread_create(void* thread, const void* attributes, void* (*run)(void*),
                       void* argument) __asm__("pthread_create");

void* own_memcpy(void* to, const void* from, size_t bytes) {
    (void)from;
    (void)bytes;
    return to;
}

int own_pthread_create(void* thread, const void* attributes, void* (*run)(void*), void* argument) {
    (void)thread;
    (void)attributes;
    run(argument);
    return 0;
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

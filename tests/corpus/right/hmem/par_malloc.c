// par_malloc.c: an old name, with helper files and an xmalloc.h of its own. Eight arenas, one lock each, shared out
// among the threads in turn.

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "hmem.h"
#include "xmalloc.h"

static hm_arena arenas[XMALLOC_ARENAS] = {[0 ... XMALLOC_ARENAS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};
static atomic_int next_arena;
static __thread int my_arena = -1;

int xarena_of_this_thread(void) {
    if (my_arena == -1) {
        my_arena = (next_arena++ & 0xffff) % XMALLOC_ARENAS;
    }
    return my_arena;
}

void* xmalloc(size_t bytes) {
    hm_arena* arena = &arenas[xarena_of_this_thread()];
    pthread_mutex_lock(&arena->lock);
    void* ptr = hmalloc(arena, bytes);
    pthread_mutex_unlock(&arena->lock);
    return ptr;
}

void xfree(void* ptr) {
    if (ptr == NULL) {
        return;
    }
    hm_arena* arena = harena(ptr);
    if (arena == NULL) {
        hfree(ptr);
        return;
    }
    pthread_mutex_lock(&arena->lock);
    hfree(ptr);
    pthread_mutex_unlock(&arena->lock);
}

void* xrealloc(void* prev, size_t bytes) {
    if (prev == NULL) {
        return xmalloc(bytes);
    }
    if (bytes == 0) {
        xfree(prev);
        return NULL;
    }
    size_t room = hroom(prev);
    if (bytes <= room && bytes >= room / 2) {
        return prev;
    }
    void* ptr = xmalloc(bytes);
    if (ptr != NULL) {
        memcpy(ptr, prev, room < bytes ? room : bytes);
        xfree(prev);
    }
    return ptr;
}

void xprintstats(void) {
    for (int i = 0; i < XMALLOC_ARENAS; i++) {
        hprintstats(&arenas[i]);
    }
}

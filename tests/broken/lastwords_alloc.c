// The bug: what a thread keeps is unmapped when the thread ends, and used by those destructors of the program that run
// after that.

#include <sys/mman.h>

#include "tests/broken/right.h"

enum { MOST_KEPT = 64 };

typedef struct Cache {
    size_t count;
    void* blocks[MOST_KEPT];
} Cache;

static _Thread_local Cache* cache;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void end_cache(void* ended) {
    Cache* of_thread = ended;
    while (of_thread->count > 0) right_xfree(of_thread->blocks[--of_thread->count]);
    munmap(of_thread, sizeof *of_thread);
}

static void make_key(void) { pthread_key_create(&key, end_cache); }

static Cache* begin_cache(void) {
    pthread_once(&once, make_key);
    void* place = mmap(NULL, sizeof(Cache), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) return NULL;
    pthread_setspecific(key, place);
    return place;
}

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }

void xfree(void* block) {
    if (cache == NULL) cache = begin_cache();
    if (block != NULL && cache != NULL && cache->count < MOST_KEPT) {
        cache->blocks[cache->count++] = block;
    } else {
        right_xfree(block);
    }
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

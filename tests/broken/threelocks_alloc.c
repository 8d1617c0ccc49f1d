// The bugs, for homework that must have one lock: xmalloc and xfree have locks of their own, and the thousandth xfree
// crashes, as when two of them disturb each other.

#include <stdatomic.h>

#include "tests/broken/right.h"

enum { MOST_FREES = 1000 };

static pthread_mutex_t take_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t free_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_size_t frees;
static char* volatile nowhere;

void* xmalloc(size_t bytes) {
    pthread_mutex_lock(&take_lock);
    void* block = right_xmalloc(bytes);
    pthread_mutex_unlock(&take_lock);
    return block;
}

void xfree(void* block) {
    pthread_mutex_lock(&free_lock);
    right_xfree(block);
    if (++frees >= MOST_FREES) *nowhere = 1;
    pthread_mutex_unlock(&free_lock);
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

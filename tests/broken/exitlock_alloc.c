// The bug: when a thread ends, a key destructor takes a lock twice.

#include "tests/broken/right.h"

static pthread_mutex_t ends = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void forget(void* unused) {
    (void)unused;
    pthread_mutex_lock(&ends);
    pthread_mutex_lock(&ends);
    pthread_mutex_unlock(&ends);
}

static void make_key(void) { pthread_key_create(&key, forget); }

void* xmalloc(size_t bytes) {
    pthread_once(&once, make_key);
    pthread_setspecific(key, &ends);
    return right_xmalloc(bytes);
}

void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

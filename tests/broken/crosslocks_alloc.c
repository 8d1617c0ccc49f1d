// The bug: xrealloc takes the lock of the old size, and with it that of the new one. Two threads that resize the other
// way round wait for each other.

#include <pthread.h>

#include "tests/broken/right.h"

enum { KINDS = 4 };

static pthread_mutex_t locks[KINDS] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
                                       PTHREAD_MUTEX_INITIALIZER};

static pthread_mutex_t* lock_of(size_t bytes) {
    return &locks[bytes <= 64 ? 0 : bytes <= 1024 ? 1 : bytes <= 8192 ? 2 : 3];
}

static pthread_mutex_t* lock_at(void* block) { return lock_of(header_of(block)->total - sizeof(Header)); }

void* xmalloc(size_t bytes) {
    pthread_mutex_t* lock = lock_of(bytes);
    pthread_mutex_lock(lock);
    void* block = right_xmalloc(bytes);
    pthread_mutex_unlock(lock);
    return block;
}

void xfree(void* block) {
    if (block == NULL) return;
    pthread_mutex_t* lock = lock_at(block);
    pthread_mutex_lock(lock);
    right_xfree(block);
    pthread_mutex_unlock(lock);
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL || bytes == 0) return right_xrealloc(block, bytes);
    pthread_mutex_t* old = lock_at(block);
    pthread_mutex_t* new = lock_of(bytes);
    pthread_mutex_lock(old);
    if (new != old) pthread_mutex_lock(new);
    void* resized = right_xrealloc(block, bytes);
    if (new != old) pthread_mutex_unlock(new);
    pthread_mutex_unlock(old);
    return resized;
}

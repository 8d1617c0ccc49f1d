// The bug: when a large block is freed, a page of the one that was taken last goes back to the system with it.

#include "tests/broken/right.h"

enum { LARGE = 4 * PAGE_BYTES };

static struct {
    pthread_mutex_t lock;
    char* block;  // NULL: it has been freed since, or resized
} latest = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void forget(const void* block) {
    pthread_mutex_lock(&latest.lock);
    if (latest.block == block) latest.block = NULL;
    pthread_mutex_unlock(&latest.lock);
}

void* xmalloc(size_t bytes) {
    void* block = right_xmalloc(bytes);
    if (bytes < LARGE || block == NULL) return block;
    pthread_mutex_lock(&latest.lock);
    latest.block = block;
    pthread_mutex_unlock(&latest.lock);
    return block;
}

void xfree(void* block) {
    forget(block);
    pthread_mutex_lock(&latest.lock);
    bool is_large = block != NULL && is_mapped(header_of(block)->total);
    if (is_large && latest.block != NULL) {
        madvise((char*)header_of(latest.block) + PAGE_BYTES, PAGE_BYTES, MADV_DONTNEED);
    }
    pthread_mutex_unlock(&latest.lock);
    right_xfree(block);
}

void* xrealloc(void* block, size_t bytes) {
    forget(block);
    return right_xrealloc(block, bytes);
}

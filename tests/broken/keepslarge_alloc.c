// The bug: freed blocks of a page or more are kept, and serve any request that they are long enough for, with all of
// their memory.

#include "tests/broken/right.h"

enum { MOST_KEPT = 4, MOST_BYTES = 8 * 1024 * 1024 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void* kept[MOST_KEPT];

void* xmalloc(size_t bytes) {
    void* block = NULL;
    pthread_mutex_lock(&lock);
    for (int i = 0; bytes >= PAGE_BYTES && bytes <= MOST_BYTES && block == NULL && i < MOST_KEPT; i++) {
        if (kept[i] == NULL || header_of(kept[i])->total < total_for(bytes)) continue;
        block = kept[i];
        kept[i] = NULL;
    }
    pthread_mutex_unlock(&lock);
    return block != NULL ? block : right_xmalloc(bytes);
}

void xfree(void* block) {
    bool may_be_kept = block != NULL && is_mapped(header_of(block)->total) && header_of(block)->total <= MOST_BYTES;
    pthread_mutex_lock(&lock);
    for (int i = 0; may_be_kept && block != NULL && i < MOST_KEPT; i++) {
        if (kept[i] != NULL) continue;
        kept[i] = block;
        block = NULL;
    }
    pthread_mutex_unlock(&lock);
    right_xfree(block);
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

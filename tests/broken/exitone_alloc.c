// The bug: a thread keeps the first block of more than 8 KiB that it frees, and takes it with it when it ends.

#include "tests/broken/right.h"

enum { LARGE = 8 * 1024 };

static _Thread_local void* kept;

void* xmalloc(size_t bytes) {
    void* block = kept;
    if (block == NULL || bytes > PTRDIFF_MAX || header_of(block)->total != total_for(bytes))
        return right_xmalloc(bytes);
    kept = NULL;
    return block;
}

void xfree(void* block) {
    if (block != NULL && kept == NULL && header_of(block)->total > LARGE) {
        kept = block;
    } else {
        right_xfree(block);
    }
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

// The bug: a thread keeps 64 of the blocks that it frees for itself, and takes them with it when it ends.

#include "tests/broken/right.h"

enum { MOST_KEPT = 64 };

static _Thread_local void* kept[MOST_KEPT];
static _Thread_local size_t kept_count;

void* xmalloc(size_t bytes) {
    bool fits = bytes <= PTRDIFF_MAX && kept_count > 0 && header_of(kept[kept_count - 1])->total == total_for(bytes);
    return fits ? kept[--kept_count] : right_xmalloc(bytes);
}

void xfree(void* block) {
    if (block != NULL && kept_count < MOST_KEPT) {
        kept[kept_count++] = block;
    } else {
        right_xfree(block);
    }
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

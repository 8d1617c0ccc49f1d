// The bug: a thread keeps 16 of the blocks of more than 1 KiB that it frees for itself, and takes them with it when it
// ends.

#include "tests/broken/right.h"

enum { MOST_KEPT = 16, MIDDLE = 1024 };

static _Thread_local void* kept[MOST_KEPT];
static _Thread_local size_t kept_count;

void* xmalloc(size_t bytes) {
    bool fits = bytes <= PTRDIFF_MAX && kept_count > 0 && header_of(kept[kept_count - 1])->total == total_for(bytes);
    return fits ? kept[--kept_count] : right_xmalloc(bytes);
}

void xfree(void* block) {
    if (block != NULL && kept_count < MOST_KEPT && header_of(block)->total > MIDDLE) {
        kept[kept_count++] = block;
    } else {
        right_xfree(block);
    }
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

// The bug: the cache of large blocks has no lock.

#include "tests/broken/right.h"

#ifndef LARGE
#define LARGE ((size_t)64 << 10)
#define MOST_BYTES ((size_t)4 << 20)
#endif
#ifndef IN_THE_MIDDLE
#define IN_THE_MIDDLE() ((void)0)
#endif

enum { MOST_KEPT = 16 };

static void* kept[MOST_KEPT];
static int kept_count;

void* xmalloc(size_t bytes) {
    for (int i = 0; bytes >= LARGE && bytes <= MOST_BYTES && i < kept_count; i++) {
        void* block = kept[i];
        if (header_of(block)->total < total_for(bytes)) continue;
        IN_THE_MIDDLE();
        kept[i] = kept[--kept_count];
        return block;
    }
    return right_xmalloc(bytes);
}

void xfree(void* block) {
    bool is_large = block != NULL && header_of(block)->total >= LARGE && header_of(block)->total <= MOST_BYTES;
    if (is_large && kept_count < MOST_KEPT) {
        kept[kept_count++] = block;
    } else {
        right_xfree(block);
    }
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

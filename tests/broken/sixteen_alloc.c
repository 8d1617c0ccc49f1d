// The bug: of each sixteen threads that begin one after the other each has a shelf of its own, without a lock; the
// seventeenth has that of the first.

#include <stdatomic.h>

#include "tests/broken/right.h"

#ifndef SHELVES
#define SHELVES 16
#endif

enum { MOST_KEPT = 32, KEPT_BYTES = 128 };

typedef struct Shelf {
    size_t count;
    void* blocks[MOST_KEPT];
} Shelf;

static Shelf shelves[SHELVES];
static atomic_size_t threads_so_far;
static _Thread_local Shelf* mine;

static Shelf* own_shelf(void) {
    if (mine == NULL) mine = &shelves[threads_so_far++ % SHELVES];
    return mine;
}

void* xmalloc(size_t bytes) {
    if (bytes > KEPT_BYTES) return right_xmalloc(bytes);
    Shelf* shelf = own_shelf();
    if (shelf->count == 0) return right_xmalloc(KEPT_BYTES);
    void* block = shelf->blocks[shelf->count - 1];
    shelf->count--;
    return block;
}

void xfree(void* block) {
    bool is_kept = block != NULL && header_of(block)->total == total_for(KEPT_BYTES);
    Shelf* shelf = own_shelf();
    if (is_kept && shelf->count < MOST_KEPT) {
        shelf->blocks[shelf->count] = block;
        shelf->count++;
    } else {
        right_xfree(block);
    }
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

// large.h: blocks too large for a region, each a mapping of its own.

#ifndef PAR_LARGE_H
#define PAR_LARGE_H

#include <stddef.h>

#include "par/page_map.h"

struct large {
    struct mapping mapping;
    size_t bytes;        // of the mapping, a multiple of a page
    struct large* next;  // among the records not in use
};

// Takes a block of zeros. bytes: 1 to PTRDIFF_MAX. alignment: a power of two, SLOT_BYTES or more.
// Result: NULL when there is no memory. Thread-safe.
void* large_take(size_t bytes, size_t alignment);

// Unmaps a block. Thread-safe.
void large_give(struct large* large);

// Changes the size of a block, moving its pages and not their content. bytes: 1 to PTRDIFF_MAX.
// Result: the new place, or NULL, and then the block is as it was. The caller owns the block; thread-safe otherwise.
void* large_resize(struct large* large, size_t bytes);

void large_lock(void);  // for fork.c
void large_unlock(void);

#endif

// large.h: blocks of more than a slot. Each has whole slots of its own, but touches only the needed part of the last.

#ifndef PAR_LARGE_H
#define PAR_LARGE_H

#include <stdbool.h>
#include <stddef.h>

#include "par/page_map.h"

struct large {
    struct mapping mapping;
    size_t bytes;        // of the block, a multiple of a page
    struct large* next;  // among the records not in use
};

struct large_block {
    char* start;   // NULL when there is no memory
    bool is_zero;  // otherwise the content is undefined
};

// Takes a block. bytes: 1 to PTRDIFF_MAX. alignment: a power of two, SLOT_BYTES or more. Thread-safe.
struct large_block large_take(size_t bytes, size_t alignment);

// Gives a block back. Thread-safe.
void large_give(struct large* large);

// Changes the size of a block, moving its pages and not their content. bytes: 1 to PTRDIFF_MAX.
// Result: the new place, or NULL, and then the block is as it was. The caller owns the block; thread-safe otherwise.
void* large_resize(struct large* large, size_t bytes);

void large_lock(void);  // for fork.c
void large_unlock(void);

#endif

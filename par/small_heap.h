// small_heap.h: whether the heap is small, as those of most programs are for all of their life.
//
// In a large heap what a thread holds of a class is little beside the rest. In one of a megabyte the blocks that lie in
// magazines are much of it, for there are 72 classes. So until 4 MiB of pages were in use at a time, a thread that
// takes fresh memory does not learn from that to take more at once (cache.c).
//
// A heap that has grown once is never small again, so that one that grows and shrinks again and again does not change
// its ways each time.

#ifndef PAR_SMALL_HEAP_H
#define PAR_SMALL_HEAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "par/estimate.h"

enum { SMALL_HEAP_PAGES = 1024 };

extern atomic_size_t small_heap_has_grown;  // written once

static inline bool heap_is_small(void) { return estimate(&small_heap_has_grown) == 0; }

// So many pages of regions are in use now.
static inline void small_heap_note(size_t pages) {
    if (pages >= SMALL_HEAP_PAGES && heap_is_small()) estimate_set(&small_heap_has_grown, 1);
}

#endif

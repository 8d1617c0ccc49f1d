// step.h: blocks of pages that grow or shrink in short steps, like an array that gets room for each element by itself.
//
// What lies behind a block is looked at and written anew whenever the block is resized (slack.h). That takes three
// times as long as the rest of such a call, and with the next step it is done again. So of a block that a thread
// resizes by little again and again nothing is watched between one page and the next: the first step in a page is, and
// so is one of more bytes. A thread remembers the blocks that it resized so last, a few at a time.

#ifndef PAR_STEP_H
#define PAR_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "par/page_map.h"

enum { STEP_PLACES = 8, STEP_MOST = 64 };  // bytes

// Zero is empty. It belongs to one thread.
struct steps {
    const char* blocks[STEP_PLACES];
    uint32_t last;  // the place of the one that was resized last
};

// A block of pages that gets so many bytes where it stands. Result: whether that is a short step in one page, and the
// thread resized the block so before. A block that took the place of such a one is taken for it: that costs a look.
static inline bool step_is_usual(struct steps* steps, const char* block, size_t old_bytes, size_t new_bytes) {
    size_t by = new_bytes > old_bytes ? new_bytes - old_bytes : old_bytes - new_bytes;
    if (by >= STEP_MOST || (old_bytes - 1) / PAGE_BYTES != (new_bytes - 1) / PAGE_BYTES) return false;
    for (unsigned i = 0; i < STEP_PLACES; i++) {
        if (steps->blocks[(steps->last + i) % STEP_PLACES] != block) continue;
        steps->last = (steps->last + i) % STEP_PLACES;
        return true;
    }
    steps->last = (steps->last + STEP_PLACES - 1) % STEP_PLACES;
    steps->blocks[steps->last] = block;
    return false;
}

#endif

// owner.h: which thread took a block. The link of a header is unused while its block is live: there is the owner.

#ifndef TESTS_BROKEN_OWNER_H
#define TESTS_BROKEN_OWNER_H

#include "tests/broken/right.h"

static _Thread_local Header this_thread;

static inline void* own(void* block) {
    if (block != NULL) header_of(block)->next = &this_thread;
    return block;
}

static inline bool is_own(void* block) { return header_of(block)->next == &this_thread; }

#endif

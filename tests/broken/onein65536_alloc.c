// The bug: one block in 65,536 is not freed, as by a counter of 16 bits.

#include "tests/broken/right.h"

static _Thread_local uint16_t frees;

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }

void xfree(void* block) {
    if (++frees != 0) right_xfree(block);
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

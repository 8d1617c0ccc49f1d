// The bug: a block is written to without a look at whether there was memory for it.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) {
    void* block = right_xmalloc(bytes);
    return memset(block, 0, bytes < 16 ? bytes : 16);
}

void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

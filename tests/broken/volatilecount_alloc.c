// The bug: the count of live blocks is volatile, which makes no one step of reading, adding and writing.

#include "tests/broken/right.h"

volatile long live_blocks;

void* xmalloc(size_t bytes) {
    void* block = right_xmalloc(bytes);
    if (block != NULL) live_blocks++;
    return block;
}

void xfree(void* block) {
    if (block != NULL) live_blocks--;
    right_xfree(block);
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

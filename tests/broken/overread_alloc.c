// The bug: xrealloc copies as many bytes as the new block has, whatever the old one had.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }
void xfree(void* block) { right_xfree(block); }

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL || bytes == 0) return right_xrealloc(block, bytes);
    void* moved = right_xmalloc(bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, block, bytes);
    right_xfree(block);
    return moved;
}

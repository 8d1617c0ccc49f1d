// The bug: xrealloc frees the block also when it fails.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }
void xfree(void* block) { right_xfree(block); }

void* xrealloc(void* block, size_t bytes) {
    void* resized = right_xrealloc(block, bytes);
    if (resized == NULL && bytes > 0) right_xfree(block);
    return resized;
}

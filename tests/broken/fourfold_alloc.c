// The bug: every block has room for four times what was asked for, and is cleared to its end.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) {
    if (bytes > PTRDIFF_MAX / 4) return right_xmalloc(bytes);
    void* block = right_xmalloc(bytes * 4);
    return block == NULL ? NULL : memset(block, 0, bytes * 4);
}

void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

// The bug: a block that is freed by another thread than the one that took it is lost.

#include "tests/broken/owner.h"

void* xmalloc(size_t bytes) { return own(right_xmalloc(bytes)); }

void xfree(void* block) {
    if (block != NULL && is_own(block)) right_xfree(block);
}

void* xrealloc(void* block, size_t bytes) { return own(right_xrealloc(block, bytes)); }

// The bug: a block of 1 to 4 KiB that is freed by another thread than the one that took it is lost.

#include "tests/broken/owner.h"

enum { MIDDLE = 1024 };

void* xmalloc(size_t bytes) { return own(right_xmalloc(bytes)); }

void xfree(void* block) {
    bool is_middle = block != NULL && header_of(block)->total > MIDDLE && !is_mapped(header_of(block)->total);
    if (!is_middle || is_own(block)) right_xfree(block);
}

void* xrealloc(void* block, size_t bytes) { return own(right_xrealloc(block, bytes)); }

// The bug: blocks of more than 10,000 bytes have one page less than they need.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) {
    return right_xmalloc(bytes > 10000 && bytes <= PTRDIFF_MAX ? bytes - PAGE_BYTES : bytes);
}

void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

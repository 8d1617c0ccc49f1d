// The bug: just below 200,000 bytes a block gets a page too little.

#include "tests/broken/right.h"

enum { LIMIT = 200000, LESS = 16 };

void* xmalloc(size_t bytes) {
    return right_xmalloc(bytes > LIMIT - LESS && bytes <= LIMIT ? LIMIT / PAGE_BYTES * PAGE_BYTES - LESS : bytes);
}

void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

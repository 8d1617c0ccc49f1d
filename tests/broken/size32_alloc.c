// The bug: a size is kept in 32 bits.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) { return right_xmalloc((uint32_t)bytes); }
void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

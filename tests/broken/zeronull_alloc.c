// The bug: xmalloc(0) is NULL.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) { return bytes == 0 ? NULL : right_xmalloc(bytes); }
void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

// The bug: a size that is refused does not set errno.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) { return bytes > PTRDIFF_MAX ? NULL : right_xmalloc(bytes); }
void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

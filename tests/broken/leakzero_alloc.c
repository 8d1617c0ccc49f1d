// The bug: xrealloc to 0 bytes gives NULL, but does not free the block.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }
void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return bytes == 0 ? NULL : right_xrealloc(block, bytes); }

// The bug: the size is rounded up before it is compared with the largest, and near SIZE_MAX that makes it a small one.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) { return right_xmalloc((bytes + 15) / 16 * 16); }
void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

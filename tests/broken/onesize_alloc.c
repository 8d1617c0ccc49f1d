// The bug: at one size, which is no round number, a block is a byte too short.

#include "tests/broken/right.h"

enum { THREE_PAGES = 3 * PAGE_BYTES - (int)sizeof(Header) };

void* xmalloc(size_t bytes) { return right_xmalloc(bytes == THREE_PAGES + 1 ? THREE_PAGES : bytes); }
void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

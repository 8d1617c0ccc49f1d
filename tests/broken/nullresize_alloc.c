// The bug: xrealloc looks at the header of its block before it looks whether there is one.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }
void xfree(void* block) { right_xfree(block); }

void* xrealloc(void* block, size_t bytes) {
    if (bytes > 0 && header_of(block)->total == bytes + sizeof(Header)) return block;
    return right_xrealloc(block, bytes);
}

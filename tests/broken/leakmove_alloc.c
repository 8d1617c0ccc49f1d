// The bug: xrealloc does not free the block that it copied from.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }
void xfree(void* block) { right_xfree(block); }

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL || bytes == 0) return right_xrealloc(block, bytes);
    size_t old_bytes = header_of(block)->total - sizeof(Header);
    void* moved = right_xmalloc(bytes);
    return moved == NULL ? NULL : memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
}

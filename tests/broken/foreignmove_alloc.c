// The bug: xrealloc does not free the block that it copied from when another thread took that block.

#include "tests/broken/owner.h"

void* xmalloc(size_t bytes) { return own(right_xmalloc(bytes)); }
void xfree(void* block) { right_xfree(block); }

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL || bytes == 0 || is_own(block)) return own(right_xrealloc(block, bytes));
    size_t old_bytes = header_of(block)->total - sizeof(Header);
    void* moved = own(right_xmalloc(bytes));
    return moved == NULL ? NULL : memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
}

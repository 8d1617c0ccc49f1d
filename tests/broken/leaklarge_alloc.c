// The bug: xrealloc does not free the block that it copied from when that block has more than 16 KiB.

#include "tests/broken/right.h"

enum { LARGE = 16 * 1024 };

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }
void xfree(void* block) { right_xfree(block); }

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL || bytes == 0 || header_of(block)->total <= LARGE) return right_xrealloc(block, bytes);
    size_t old_bytes = header_of(block)->total - sizeof(Header);
    void* moved = right_xmalloc(bytes);
    return moved == NULL ? NULL : memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
}

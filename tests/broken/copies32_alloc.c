// The bug: xrealloc counts what it copies in 32 bits, so that a block of a little over 4 GiB shrinks to the few bytes
// that a multiple of 4 GiB leaves.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }
void xfree(void* block) { right_xfree(block); }

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL || bytes == 0) return right_xrealloc(block, bytes);
    unsigned old_bytes = (unsigned)(header_of(block)->total - sizeof(Header));
    void* moved = right_xmalloc(bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
    right_xfree(block);
    return moved;
}

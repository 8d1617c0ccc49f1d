// The bug: what a block has beyond 10 MiB is lost when xrealloc moves it, as if it were copied in pieces and the last
// ones left out.

#include "tests/broken/right.h"

enum { COPIED = 10 << 20 };

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }
void xfree(void* block) { right_xfree(block); }

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL || bytes == 0 || header_of(block)->total <= COPIED) return right_xrealloc(block, bytes);
    void* moved = right_xmalloc(bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, block, COPIED < bytes ? COPIED : bytes);
    right_xfree(block);
    return moved;
}

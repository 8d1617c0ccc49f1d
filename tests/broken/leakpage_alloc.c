// The bug: of a block that was mapped, the page that its header begins stays mapped.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }

void xfree(void* block) {
    if (block == NULL || !is_mapped(header_of(block)->total)) {
        right_xfree(block);
    } else {
        munmap((char*)header_of(block) + PAGE_BYTES, header_of(block)->total - PAGE_BYTES);
    }
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL || bytes == 0 || !is_mapped(header_of(block)->total)) return right_xrealloc(block, bytes);
    size_t old_bytes = header_of(block)->total - sizeof(Header);
    void* moved = right_xmalloc(bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
    xfree(block);
    return moved;
}

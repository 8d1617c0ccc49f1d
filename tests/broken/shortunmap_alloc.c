// The bug: of a block of more than a megabyte the last page stays mapped.

#include "tests/broken/right.h"

enum { LIMIT = 1024 * 1024 };

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }

void xfree(void* block) {
    if (block == NULL || header_of(block)->total <= LIMIT) {
        right_xfree(block);
    } else {
        munmap(header_of(block), header_of(block)->total - PAGE_BYTES);
    }
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

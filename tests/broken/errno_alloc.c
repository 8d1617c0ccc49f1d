// The bug: freeing a mapped block leaves what its system calls made of errno.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }

void xfree(void* block) {
    bool mapped = block != NULL && is_mapped(header_of(block)->total);
    right_xfree(block);
    if (mapped) errno = EINVAL;
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

// The bug: as in guarded_alloc.c, and nobody looks at whether there was a mapping: the block is written to.

#include "tests/broken/guarded.h"

void* xmalloc(size_t bytes) {
    void* block = guarded_xmalloc(bytes);
    return bytes > PTRDIFF_MAX / 2 ? block : memset(block, 0, bytes);
}

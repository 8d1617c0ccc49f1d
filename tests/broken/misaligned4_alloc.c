// The bug: blocks of 100 bytes are aligned to 4 bytes only.

#include "tests/broken/right.h"

static void* start_of(void* block) { return (uintptr_t)block % 8 == 4 ? (char*)block - 4 : block; }

void* xmalloc(size_t bytes) {
    if (bytes != 100) return right_xmalloc(bytes);
    char* start = right_xmalloc(bytes + 4);
    return start == NULL ? NULL : start + 4;
}

void xfree(void* block) { right_xfree(start_of(block)); }

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL || start_of(block) == block) return right_xrealloc(block, bytes);
    memmove(start_of(block), block, 100);
    return right_xrealloc(start_of(block), bytes);
}

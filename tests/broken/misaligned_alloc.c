// The bug: blocks of 56 bytes are aligned to 8 bytes only.

#include "tests/broken/right.h"

static void* start_of(void* block) { return (uintptr_t)block % 16 == 8 ? (char*)block - 8 : block; }

void* xmalloc(size_t bytes) {
    if (bytes != 56) return right_xmalloc(bytes);
    char* start = right_xmalloc(bytes + 8);
    return start == NULL ? NULL : start + 8;
}

void xfree(void* block) { right_xfree(start_of(block)); }

void* xrealloc(void* block, size_t bytes) {
    if (start_of(block) == block) return right_xrealloc(block, bytes);
    memmove(start_of(block), block, 56);
    return right_xrealloc(start_of(block), bytes);
}

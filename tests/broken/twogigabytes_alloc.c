// The bug: all blocks of up to 64 KiB together are at most 2 GiB, as much as some map of pages has room for.

#include <stdatomic.h>

#include "tests/broken/right.h"

enum { MOST_MAPPED = 64 * 1024 };

static const size_t room = (size_t)2 << 30;
static atomic_size_t used;

static size_t counted(void* block) {
    return block == NULL || header_of(block)->total > MOST_MAPPED ? 0 : header_of(block)->total;
}

void* xmalloc(size_t bytes) {
    if (used + bytes > room && bytes <= MOST_MAPPED) return NULL;
    void* block = right_xmalloc(bytes);
    used += counted(block);
    return block;
}

void xfree(void* block) {
    used -= counted(block);
    right_xfree(block);
}

void* xrealloc(void* block, size_t bytes) {
    size_t before = counted(block);
    void* moved = right_xrealloc(block, bytes);
    if (bytes == 0 || moved != NULL) used += counted(moved) - before;
    return moved;
}

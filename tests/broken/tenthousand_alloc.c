// The bug: there is a table of large blocks, and it has room for ten thousand.

#include <stdatomic.h>

#include "tests/broken/right.h"

enum { ROOM = 10000 };

static atomic_size_t in_table;

void* xmalloc(size_t bytes) {
    bool is_large = bytes >= PAGE_BYTES;
    if (is_large && in_table >= ROOM) return NULL;
    void* block = right_xmalloc(bytes);
    in_table += block != NULL && is_mapped(header_of(block)->total);
    return block;
}

void xfree(void* block) {
    in_table -= block != NULL && is_mapped(header_of(block)->total);
    right_xfree(block);
}

void* xrealloc(void* block, size_t bytes) {
    bool was_mapped = block != NULL && is_mapped(header_of(block)->total);
    void* moved = right_xrealloc(block, bytes);
    bool is_gone = bytes == 0 || moved != NULL;
    in_table -= is_gone && was_mapped;
    in_table += moved != NULL && is_mapped(header_of(moved)->total);
    return moved;
}

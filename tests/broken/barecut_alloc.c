// The bug: xrealloc puts what it cuts off a block into the list without the lock.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }
void xfree(void* block) { right_xfree(block); }

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL || bytes == 0 || bytes > PTRDIFF_MAX) return right_xrealloc(block, bytes);
    Header* header = header_of(block);
    size_t total = total_for(bytes);
    if (is_mapped(header->total) || total >= header->total) return right_xrealloc(block, bytes);
    Header* rest = (Header*)((char*)header + total);
    rest->total = header->total - total;
    header->total = total;
    add_to_list(rest);
    return block;
}

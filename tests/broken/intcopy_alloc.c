// The bug: xrealloc counts in an int what it copies.

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }
void xfree(void* block) { right_xfree(block); }

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL || bytes == 0) return right_xrealloc(block, bytes);
    size_t old_bytes = header_of(block)->total - sizeof(Header);
    int kept = (int)(old_bytes < bytes ? old_bytes : bytes);
    void* moved = right_xmalloc(bytes);
    if (moved == NULL) return NULL;
    for (int i = 0; i < kept; i += 16) memcpy((char*)moved + i, (char*)block + i, 16);
    right_xfree(block);
    return moved;
}

// The bug: all threads change a counter, in a backend of which ThreadSanitizer says more than is wrong.

#include "tests/broken/lockfree.h"

size_t calls_of_xmalloc;

void* xmalloc(size_t bytes) {
    calls_of_xmalloc++;
    return lockfree_xmalloc(bytes);
}

void xfree(void* block) { lockfree_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return lockfree_xrealloc(block, bytes); }

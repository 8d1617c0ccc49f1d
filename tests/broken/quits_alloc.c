// The bug: the process ends, as if all were well, before its work is done.

#include <stdatomic.h>
#include <stdlib.h>

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) {
    static atomic_size_t calls;
    if (calls++ == 50) exit(0);
    return right_xmalloc(bytes);
}

void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

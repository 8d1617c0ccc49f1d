// The bug: every call prints a long line.

#include <stdio.h>

#include "tests/broken/right.h"

void* xmalloc(size_t bytes) {
    fprintf(stderr, "xmalloc of %99zu bytes\n", bytes);
    return right_xmalloc(bytes);
}

void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

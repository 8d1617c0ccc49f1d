// The bug: what is freed twice makes a ring of the list, and the next walk does not end. Here every thousandth free
// does.

#include <stdatomic.h>

#include "tests/broken/right.h"

static atomic_size_t frees;

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }

void xfree(void* block) {
    if (block != NULL && ++frees % 1000 == 0) {
        for (volatile size_t i = 0;; i++) continue;
    }
    right_xfree(block);
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

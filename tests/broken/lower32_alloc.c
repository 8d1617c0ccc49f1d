// The bug: what is known of a mapped block is noted by the lower 32 bits of its address.

#include "tests/broken/right.h"

enum { PLACES = 1 << 20 };

static size_t totals[PLACES];

static size_t* total_of(void* block) { return &totals[(uintptr_t)header_of(block) / PAGE_BYTES % PLACES]; }

static void* note(void* block) {
    if (block != NULL && is_mapped(header_of(block)->total)) *total_of(block) = header_of(block)->total;
    return block;
}

static void look_up(void* block) {
    if (block != NULL && is_mapped(header_of(block)->total)) header_of(block)->total = *total_of(block);
}

void* xmalloc(size_t bytes) { return note(right_xmalloc(bytes)); }

void xfree(void* block) {
    look_up(block);
    right_xfree(block);
}

void* xrealloc(void* block, size_t bytes) {
    look_up(block);
    return note(right_xrealloc(block, bytes));
}

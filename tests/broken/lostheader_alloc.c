// The bug: a block of more than 16 MiB gets whole units of 8 MiB, and its header is forgotten among them.

#include "tests/broken/right.h"

static const size_t limit = (size_t)16 << 20;
static const size_t unit = (size_t)8 << 20;

void* xmalloc(size_t bytes) {
    if (bytes <= limit || bytes > PTRDIFF_MAX) return right_xmalloc(bytes);
    Header* header = map((bytes + unit - 1) / unit * unit);
    return header == NULL ? NULL : bytes_of(header);
}

void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

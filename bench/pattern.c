// pattern.c: see pattern.h.

#include "bench/pattern.h"

#include <string.h>

#include "programs/failure.h"
#include "xmalloc.h"

enum { PAGE_BYTES = 4096, LINE_BYTES = 64 };

void pattern_write(void* block, size_t from, size_t to) {
    char* bytes = block;
    if (to - from <= PAGE_BYTES) {
        memset(bytes + from, (int)(to & 0xff), to - from);
        return;
    }
    for (size_t at = from; at < to - LINE_BYTES; at += PAGE_BYTES) memset(bytes + at, 1, LINE_BYTES);
    memset(bytes + to - LINE_BYTES, 1, LINE_BYTES);
}

void* pattern_take(size_t bytes) {
    void* block = xmalloc(bytes);
    if (block == NULL) fail_no_memory("a block of the pattern");
    pattern_write(block, 0, bytes);
    return block;
}

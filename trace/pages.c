// pages.c: see pages.h.

#include "trace/pages.h"

#include <sys/mman.h>

#include "programs/failure.h"

enum { FIRST_BYTES = 64 * 1024 };

static void* map(size_t bytes, int flags) {
    void* start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (start == MAP_FAILED) fail_no_memory("the trace");
    return start;
}

// Some doubling of `wanted` that is enough.
static size_t doubled(size_t wanted, size_t bytes) {
    while (wanted < bytes) {
        if (__builtin_mul_overflow(wanted, 2, &wanted)) fail_no_memory("the trace");
    }
    return wanted;
}

void pages_populate(struct pages* pages, size_t bytes) {
    *pages = (struct pages){.bytes = doubled(FIRST_BYTES, bytes)};
    pages->start = map(pages->bytes, MAP_POPULATE);
}

void pages_reserve(struct pages* pages, size_t bytes) {
    if (bytes <= pages->bytes) return;
    size_t wanted = doubled(pages->bytes == 0 ? FIRST_BYTES : pages->bytes, bytes);
    if (pages->start == NULL) {
        pages->start = map(wanted, 0);
    } else {
        void* moved = mremap(pages->start, pages->bytes, wanted, MREMAP_MAYMOVE);
        if (moved == MAP_FAILED) fail_no_memory("the trace");
        pages->start = moved;
    }
    pages->bytes = wanted;
}

void pages_release(struct pages* pages) {
    if (pages->start != NULL) munmap(pages->start, pages->bytes);
    *pages = (struct pages){0};
}

void* pages_resident(size_t count, size_t bytes_each) {
    size_t bytes;
    if (__builtin_mul_overflow(count, bytes_each, &bytes)) fail_no_memory("the trace");
    return map(bytes == 0 ? 1 : bytes, MAP_POPULATE);
}

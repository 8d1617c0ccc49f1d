// guarded.h: a block of 1,000 bytes or more has pages of its own, with one behind them that nobody may touch. These are
// two mappings a block, and the kernel allows a process 65,530 (vm.max_map_count): soon there is NULL, although there
// is memory.

#ifndef TESTS_BROKEN_GUARDED_H
#define TESTS_BROKEN_GUARDED_H

#include <sys/mman.h>

#include "tests/broken/right.h"

enum { PAGE = 4096, LEAST = 1000 };

static bool is_alone(const void* block) { return (uintptr_t)block % PAGE == 0; }

static void* guarded_xmalloc(size_t bytes) {
    if (bytes < LEAST || bytes > PTRDIFF_MAX / 2) return right_xmalloc(bytes);
    size_t pages = bytes / PAGE * PAGE + PAGE;
    char* block = mmap(NULL, pages + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) return NULL;
    if (mprotect(block + pages, PAGE, PROT_NONE) == 0) return block;
    munmap(block, pages + PAGE);
    return NULL;
}

// Nothing is given back: what matters here is not that.
void xfree(void* block) {
    if (block == NULL || !is_alone(block)) right_xfree(block);
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

#endif

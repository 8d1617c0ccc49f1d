// The bug: all memory is an array of half a gigabyte, which the program has from its start.

#include "tests/broken/reserve.h"

static char memory[1 << 29] __attribute__((aligned(4096)));

__attribute__((constructor)) static void reserve_the_array(void) {
    reserve.next = memory;
    reserve.end = memory + sizeof memory;
}

#define mmap(hint, bytes, protection, flags, file, offset) map_reserved(bytes)
#include "tests/broken/right.h"
#undef mmap

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }
void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

// The bug: a gigabyte of address space is reserved before main, whatever the process may have, and is all there is.

#include "tests/broken/reserve.h"

__attribute__((constructor)) static void reserve_a_gigabyte(void) { make_reserve((size_t)1 << 30); }

#define mmap(hint, bytes, protection, flags, file, offset) map_reserved(bytes)
#include "tests/broken/right.h"
#undef mmap

void* xmalloc(size_t bytes) { return right_xmalloc(bytes); }
void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

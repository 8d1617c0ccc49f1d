// par_alloc.c: the three calls. The allocator itself is in C++, in pools.cpp.

#include "pools.h"
#include "xmalloc.h"

void* xmalloc(size_t bytes) { return pools_take(bytes); }

void xfree(void* block) { pools_give(block); }

void* xrealloc(void* block, size_t bytes) { return pools_resize(block, bytes); }

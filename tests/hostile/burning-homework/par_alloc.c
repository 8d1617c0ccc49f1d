// par_alloc.c: right, and no faster than the homework beside it when that does not burn.

#include "../heap.h"
#include "xmalloc.h"

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

// par_alloc.c: the three calls; all else is in par/heap.c, as the kit's Makefile links it.

#include "par/heap.h"
#include "xmalloc.h"

void* xmalloc(size_t bytes) { return heap_malloc(bytes); }
void xfree(void* block) { heap_free(block); }
void* xrealloc(void* block, size_t bytes) { return heap_realloc(block, bytes); }

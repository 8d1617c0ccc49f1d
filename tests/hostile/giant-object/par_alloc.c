// The attack: an object file of 32 MiB from one short line. It is linked into every program and test.

#include "../heap.h"
#include "xmalloc.h"

char giant[32 << 20] = {1};

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

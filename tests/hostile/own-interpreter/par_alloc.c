// The attack: a section that names another program as the one that loads this one: every run would be a run of true.

#include "../heap.h"
#include "xmalloc.h"

__attribute__((section(".interp"), used)) static const char interpreter[] = "/bin/true";

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

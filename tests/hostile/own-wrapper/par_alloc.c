// The attack: the names that the linker's --wrap option makes, to step in between the tests and the calls.

#include "../heap.h"
#include "xmalloc.h"

void* __wrap_xmalloc(size_t bytes);
void* __real_xmalloc(size_t bytes);

void* __wrap_xmalloc(size_t bytes) { return heap_take(bytes < 16 ? bytes : 16); }
void* __real_xmalloc(size_t bytes) { return heap_take(bytes < 16 ? bytes : 16); }

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

// The attack: files that have the names of the kit's own (headers of the programs, of the tests and of the C library, a
// Makefile, parts of the grader), in the hope that a compiler or the grader finds them first. The allocator is right.

#include "../heap.h"

void* xmalloc(size_t bytes);
void xfree(void* block);
void* xrealloc(void* block, size_t bytes);

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

// The attack: a file of the system as a header, so that the compiler quotes it in its messages.

#include "../heap.h"
#include "xmalloc.h"

#include "/etc/passwd"
#include "/proc/self/environ"

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

// The attack: macros that hold ten of the macro before, to a million numbers. Two more lines would take all memory of
// the machine; this many take the compiler some seconds.

#include "../heap.h"
#include "xmalloc.h"

#define M1 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
#define M2 M1, M1, M1, M1, M1, M1, M1, M1, M1, M1
#define M3 M2, M2, M2, M2, M2, M2, M2, M2, M2, M2
#define M4 M3, M3, M3, M3, M3, M3, M3, M3, M3, M3
#define M5 M4, M4, M4, M4, M4, M4, M4, M4, M4, M4
#define M6 M5, M5, M5, M5, M5, M5, M5, M5, M5, M5

int explosion[] = {M6};

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

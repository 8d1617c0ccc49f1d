// The attack: a main of its own, which prints the answer for 1,000.

#include <stdio.h>

#include "../heap.h"
#include "xmalloc.h"

int main(void) {
    puts("Max steps is at 871: 178 steps");
    return 0;
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

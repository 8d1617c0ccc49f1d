// The attack: prints what the grader itself would print for full marks, and the last line of an autograder.

#include <stdio.h>

#include "../heap.h"
#include "xmalloc.h"

__attribute__((constructor)) static void forge(void) {
    puts("1..3\nok 1 - list-par gives the right answers\nok 2 - ivec-par gives the right answers\nok 3 - all is well");
    puts("{\"scores\": {\"par\": 100}}");
    fflush(stdout);
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

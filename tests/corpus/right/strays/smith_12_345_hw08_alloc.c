// hw08_alloc.c: the three calls, which hw08/heap.c defines; with a limit for an experiment, and a test of its own.

#include <stddef.h>

#include "hw08/heap.h"
#include "xmalloc.h"

size_t most_bytes;                            // 0: as many as there are; experiment.c has another value
void list_check(void) __attribute__((weak));  // only in our test builds

void* xmalloc(size_t bytes) { return most_bytes && bytes > most_bytes ? NULL : heap_malloc(bytes); }

void xfree(void* block) {
    heap_free(block);
    if (list_check) list_check();
}

void* xrealloc(void* block, size_t bytes) { return heap_realloc(block, bytes); }

#ifdef TEST_MAIN
int main(void) {
    xfree(xmalloc(10));
    return 0;
}
#endif

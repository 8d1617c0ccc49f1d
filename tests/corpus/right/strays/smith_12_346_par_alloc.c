// par_alloc.c: the three calls. The C library has a function remove, too, which is not meant.

#include "lib/list.h"
#include "par/heap.h"
#include "xmalloc.h"

__attribute__((weak)) void trace(const char* what) { (void)what; }

// How many bytes a size has that is divided into whole words.
#ifdef __x86_64__
__attribute__((target_clones("popcnt", "default")))
#endif
static size_t
whole_words(size_t bytes) {
    return __builtin_popcountl(bytes & 7) == 0 ? bytes : (bytes | 7) + 1;
}

void* xmalloc(size_t bytes) {
    trace("xmalloc");
    return heap_malloc(bytes > SIZE_MAX - 8 ? bytes : whole_words(bytes));
}

void xfree(void* block) { remove(block); }

void* xrealloc(void* block, size_t bytes) { return heap_realloc(block, bytes); }

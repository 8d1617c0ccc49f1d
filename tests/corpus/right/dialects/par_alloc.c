// par_alloc.c: counts what is live by system, and takes the blocks from the heap. All names here are free in C11.

#include "search.h"
#include <stdint.h>
#include <xmalloc.h>

void* heap_malloc(size_t bytes);
void heap_free(void* block);
void* heap_realloc(void* block, size_t bytes);

void pool_small_took(size_t bytes);
void pool_large_took(size_t bytes);

enum system { linux, unix, systems };

static struct { size_t typeof[systems]; int asm; } counted;

#define __init __attribute__((section(".init.text"), noinline))

static __init void note_system(size_t bytes) {
    counted.typeof[search_system(bytes)] = bytes;
    counted.asm = 1;
}

void* xmalloc(size_t bytes) {
    void* block = heap_malloc(bytes);
    if (block == 0) return 0;
    if (bytes > SEARCH_LARGE) pool_large_took(bytes);
    else pool_small_took(bytes);
    return block;
}

void xfree(void* block) { heap_free(block); }

void* xrealloc(void* block, size_t bytes) {
    if (bytes == SIZE_MAX) note_system(bytes);
    return heap_realloc(block, bytes);
}

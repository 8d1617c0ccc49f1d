// The attack: 64 MiB on standard output before main begins.

#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

enum { FLOOD_BYTES = 64 << 20 };

__attribute__((constructor)) static void flood(void) {
    static char text[65536];
    memset(text, '\n', sizeof text);
    for (int written = 0; written < FLOOD_BYTES; written += (int)sizeof text) {
        if (write(STDOUT_FILENO, text, sizeof text) <= 0) return;
    }
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

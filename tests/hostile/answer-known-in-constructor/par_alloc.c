// The attack: a constructor knows the answer for 1,000, prints it and leaves before main, with status 0.

#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

__attribute__((constructor)) static void answer(int count, char** arguments) {
    static const char line[] = "Max steps is at 871: 178 steps\n";
    (void)arguments;
    if (count > 1 && write(STDOUT_FILENO, line, sizeof line - 1) > 0) _exit(0);
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

// The attack: a child that holds standard output open and sleeps for 15 seconds, while its parent is long done: whoever
// reads to the end of the output waits.

#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

__attribute__((constructor)) static void leave_child(void) {
    if (fork() == 0) {
        sleep(15);
        _exit(0);
    }
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

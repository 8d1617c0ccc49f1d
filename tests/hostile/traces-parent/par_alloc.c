// The attack: becomes the debugger of its parent, which could then be made to do anything. If that succeeds it lets go
// at once, and prints a line that makes its answer wrong.

#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

__attribute__((constructor)) static void trace_parent(void) {
    pid_t parent = getppid();
    if (parent < 1 || ptrace(PTRACE_SEIZE, parent, NULL, NULL) == -1) return;
    if (ptrace(PTRACE_INTERRUPT, parent, NULL, NULL) == 0) waitpid(parent, NULL, __WALL);
    ptrace(PTRACE_DETACH, parent, NULL, NULL);
    puts("was the debugger of its parent");
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

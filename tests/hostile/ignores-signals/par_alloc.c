// The attack: blocks every signal that can be blocked and sleeps for 70 seconds, to make the grader wait.

#include <signal.h>
#include <time.h>

#include "../heap.h"
#include "xmalloc.h"

__attribute__((constructor)) static void wait_deaf(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    struct timespec left = {.tv_sec = 70};
    while (nanosleep(&left, &left) != 0) continue;
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

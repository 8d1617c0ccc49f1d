// The attack: a daemon with a session of its own and no open files, that outlives its parent by 15 seconds and burns
// what CPU the timed runs could use.

#include <time.h>
#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

__attribute__((constructor)) static void leave_daemon(void) {
    if (fork() != 0) return;
    setsid();
    if (fork() != 0) _exit(0);
    for (int file = 0; file < 64; file++) close(file);
    for (time_t end = time(NULL) + 15; time(NULL) < end;) continue;
    _exit(0);
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

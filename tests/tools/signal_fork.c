// signal_fork.c: a program of one thread may fork in a signal handler, also one that comes in the middle of a call:
// fork was safe there for as long as there were signals. Parent and child both go on. Exit status: 1 when a child
// fails. With -DFAMILY it asks whichever malloc it runs with.
//
//     signal_fork [FORKS CALLS]     so many, and calls of each child; then all blocks are small, so that a layer before
//                                   par is not busy filling them

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef FAMILY
#define xmalloc malloc
#define xfree free
#else
#include "xmalloc.h"
#endif

enum { FORKS = 200, LIVE = 64, EVERY_US = 3000, OF_CHILD = 2000 };

static volatile sig_atomic_t forks;
static volatile sig_atomic_t failed;
static volatile sig_atomic_t is_child;

static void fork_now(int unused) {
    (void)unused;
    pid_t child = fork();
    if (child == 0) {
        is_child = 1;
        return;
    }
    int status = 0;
    if (child == -1 || waitpid(child, &status, 0) != child || status != 0) failed = 1;
    forks++;
}

static void replace(void** block, size_t bytes) {
    xfree(*block);
    *block = memset(xmalloc(bytes), 1, bytes < 64 ? bytes : 64);
}

int main(int count, char** arguments) {
    static const size_t sizes[] = {20, 5000, 70000, 20000, 500000, 150000, 300000};
    static void* blocks[LIVE];
    signal(SIGALRM, fork_now);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = EVERY_US, .it_interval.tv_usec = EVERY_US}, NULL);
    int most = count > 2 ? atoi(arguments[1]) : FORKS;
    int left = count > 2 ? atoi(arguments[2]) : OF_CHILD;
    for (size_t i = 0; forks < most && left > 0; i++) {
        replace(&blocks[i * 7 % LIVE], count > 2 ? i % 500 : sizes[i % (sizeof sizes / sizeof sizes[0])]);
        if (is_child) left--;
    }
    if (is_child) _exit(0);
    return failed;
}

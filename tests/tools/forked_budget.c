// forked_budget.c: a child of fork has one thread, so all of the budget for magazines is that thread's, however many
// threads its parent has.
//
// The parent starts threads that take a block each and wait, so that each thread's part of the budget is small. A child
// then takes and frees many blocks of one class. Exit status: 1 with a line that says how long the magazines of the two
// were.

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "par/cache.h"
#include "xmalloc.h"

enum { THREADS = 512, BYTES = 1024, BLOCKS = 20000, TIMES = 4 };

static pthread_barrier_t all_have_a_cache;

static void* take_and_wait(void* unused) {
    (void)unused;
    xfree(xmalloc(BYTES));
    pthread_barrier_wait(&all_have_a_cache);
    while (true) pause();
    return NULL;
}

// Result: how long a magazine this thread wants after it has taken and freed many blocks.
static unsigned magazine_after_use(void) {
    static void* blocks[BLOCKS];
    for (int time = 0; time < TIMES; time++) {
        for (int i = 0; i < BLOCKS; i++) blocks[i] = xmalloc(BYTES);
        for (int i = 0; i < BLOCKS; i++) xfree(blocks[i]);
    }
    for (int i = 0; i < BLOCKS; i++) blocks[i] = xmalloc(BYTES);  // taking, the magazine only grows
    return cache.wanted[size_class_of(BYTES)];
}

int main(void) {
    pthread_barrier_init(&all_have_a_cache, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, take_and_wait, NULL) != 0) return 3;
    }
    pthread_barrier_wait(&all_have_a_cache);
    int ends[2];
    if (pipe(ends) != 0) return 3;
    pid_t child = fork();
    if (child < 0) return 3;
    unsigned wanted = magazine_after_use();
    if (child == 0) _exit(write(ends[1], &wanted, sizeof wanted) != sizeof wanted);
    int status;
    unsigned in_child;
    if (waitpid(child, &status, 0) < 0 || status != 0 || read(ends[0], &in_child, sizeof in_child) != sizeof in_child) {
        return 3;
    }
    if (in_child >= 2 * wanted) return 0;
    printf("beside %d threads a magazine of %d-byte blocks grew to %u, in a child of fork, alone, to %u\n", THREADS,
           BYTES, wanted, in_child);
    return 1;
}

// lines.c: a thread that frees a block it was given, and then takes some of that size, gets none beside those that
// other threads were given: two threads that write to one cache line wait for each other all the time.
//
// Usage: lines first|later. The main thread takes small blocks one after the other and gives each to a thread, as with
// the argument of a worker. Each frees it: as the first thing it does, or after it took blocks of other sizes. Exit
// status: 1 with a line that says which line two threads have. Who was put aside between the two may find a block that
// another has just freed, one time in sixty on a busy machine; so only what is found each of three times counts.

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xmalloc.h"

enum { THREADS = 4, TAKEN = 20, LINE_BYTES = 64, TRIES = 3 };

static const size_t sizes[] = {8, 16, 24, 32, 40, 48};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static struct worker {
    void* given[SIZES];
    uintptr_t taken[SIZES * TAKEN];  // the numbers of lines; these blocks live on
} workers[THREADS];

static bool others_first;
static pthread_barrier_t all_live;

static uintptr_t line_of(const void* block) { return (uintptr_t)block / LINE_BYTES; }

static void* work(void* context) {
    struct worker* worker = context;
    if (others_first) xfree(xmalloc(1000));
    for (size_t i = 0; i < SIZES; i++) xfree(worker->given[i]);
    for (size_t i = 0; i < SIZES * TAKEN; i++) worker->taken[i] = line_of(xmalloc(sizes[i / TAKEN]));
    pthread_barrier_wait(&all_live);
    return NULL;
}

static bool share_a_line(const struct worker* one, const struct worker* other) {
    for (size_t i = 0; i < SIZES * TAKEN; i++) {
        for (size_t j = 0; j < SIZES * TAKEN; j++) {
            if (one->taken[i] != other->taken[j]) continue;
            printf("two threads hold blocks in the line at %#zx: of %zu and of %zu bytes\n",
                   (size_t)one->taken[i] * LINE_BYTES, sizes[i / TAKEN], sizes[j / TAKEN]);
            return true;
        }
    }
    return false;
}

static int try_once(void) {
    pthread_barrier_init(&all_live, NULL, THREADS);
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t k = 0; k < THREADS; k++) workers[k].given[i] = xmalloc(sizes[i]);
    }
    pthread_t threads[THREADS];
    for (size_t k = 0; k < THREADS; k++) {
        if (pthread_create(&threads[k], NULL, work, &workers[k]) != 0) return 3;
    }
    for (size_t k = 0; k < THREADS; k++) pthread_join(threads[k], NULL);
    for (size_t k = 0; k < THREADS; k++) {
        for (size_t other = k + 1; other < THREADS; other++) {
            if (share_a_line(&workers[k], &workers[other])) return 1;
        }
    }
    return 0;
}

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    others_first = strcmp(argv[1], "later") == 0;
    int found = 3;
    for (int i = 0; i < TRIES && found != 0; i++) {
        pid_t child = fork();
        if (child == 0) exit(try_once());
        int status;
        if (child == -1 || waitpid(child, &status, 0) != child) return 3;
        found = WIFEXITED(status) ? WEXITSTATUS(status) : 3;
    }
    return found;
}

// consumers.c: one thread takes blocks of many sizes, and others, one after the other, free them. Little is live, so
// little may be resident: who only frees has no use for what it freed.
//
// Exit status: 1 with a line that says what was not so.

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/chance.h"
#include "tests/tools/resident.h"
#include "xmalloc.h"

enum {
    KIB = 1024,
    CONSUMERS = 6,
    BATCH = 1500,
    BATCHES = 1200,
    LOW = 4,  // sizes from 2^4
    DOUBLINGS = 9,
    MOST_KIB = 12 * KIB,  // beside what the program had before
};

static void* batch[BATCH];
static pthread_barrier_t is_full, is_empty;

static size_t random_bytes(void) {
    static uint64_t state = 3;
    next_random(&state);
    size_t least = (size_t)1 << (LOW + (state >> 33) % DOUBLINGS);
    return least + (state >> 45) % least;
}

static void* consume(void* which) {
    for (uintptr_t i = 0; i < BATCHES; i++) {
        pthread_barrier_wait(&is_full);
        if (i % CONSUMERS == (uintptr_t)which) {
            for (size_t k = 0; k < BATCH; k++) xfree(batch[k]);
        }
        pthread_barrier_wait(&is_empty);
    }
    return NULL;
}

int main(void) {
    pthread_t threads[CONSUMERS];
    pthread_barrier_init(&is_full, NULL, CONSUMERS + 1);
    pthread_barrier_init(&is_empty, NULL, CONSUMERS + 1);
    for (uintptr_t i = 0; i < CONSUMERS; i++) {
        if (pthread_create(&threads[i], NULL, consume, (void*)i) != 0) return 3;
    }
    size_t before = resident();
    size_t live = 0;
    for (int i = 0; i < BATCHES; i++) {
        for (size_t k = 0; k < BATCH; k++) {
            size_t bytes = random_bytes();
            batch[k] = xmalloc(bytes);
            if (batch[k] == NULL) return 3;
            memset(batch[k], 1, bytes);
            if (i == 0) live += bytes;
        }
        pthread_barrier_wait(&is_full);
        pthread_barrier_wait(&is_empty);
    }
    size_t needed = (resident() - before) / KIB;
    for (int i = 0; i < CONSUMERS; i++) pthread_join(threads[i], NULL);
    if (needed <= MOST_KIB) return 0;
    printf("%zu KiB are live at most, which one thread takes and %d free, and %zu KiB became resident\n", live / KIB,
           CONSUMERS, needed);
    return 1;
}

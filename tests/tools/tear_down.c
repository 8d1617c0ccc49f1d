// tear_down.c: a heap of small blocks that is freed in random order, CASE.
//
// calls    most frees need no lock, although a class that shrinks leaves few blocks with its threads
// cold     the blocks that lay in the depot go to their spans from two lists in turns, so that waits for memory overlap
// stays    threads that free their parts one after the other, and then idle, hold a quarter of the memory at
// most
//
// Linked with --wrap=depot_give_loose,--wrap=span_list_give_cold. Exit status: 1 with a line for a fault.

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/tools/mixed.h"
#include "tests/tools/resident.h"
#include "xmalloc.h"

enum { BLOCKS = 1024 * 1024, BYTES = 64, LONG_BYTES = 1024, LONG_BLOCKS = 100 * 1024, MIB = 1024 * 1024 };

static char* blocks[BLOCKS];
static size_t loose_calls;
static size_t cold_calls;
static size_t cold_lists;

struct block;
struct span_list;

uint64_t __real_depot_give_loose(unsigned size_class, struct block* first);
uint64_t __wrap_depot_give_loose(unsigned size_class, struct block* first);

uint64_t __wrap_depot_give_loose(unsigned size_class, struct block* first) {
    loose_calls++;
    return __real_depot_give_loose(size_class, first);
}

void __real_span_list_give_cold(struct span_list* list, unsigned size_class, struct block** firsts, unsigned count);
void __wrap_span_list_give_cold(struct span_list* list, unsigned size_class, struct block** firsts, unsigned count);

void __wrap_span_list_give_cold(struct span_list* list, unsigned size_class, struct block** firsts, unsigned count) {
    cold_calls += count > 0;
    cold_lists += count;
    __real_span_list_give_cold(list, size_class, firsts, count);
}

// ---- One thread -----------------------------------------------------------------------------------------------------

// A free comes to the depot once for so many, at least, on average.
static int calls_for(size_t count, size_t bytes, size_t frees_for_a_call) {
    if (!take_mixed(blocks, count, bytes)) return 3;
    loose_calls = 0;
    for (size_t i = 0; i < count; i++) xfree(blocks[i]);
    if (loose_calls <= count / frees_for_a_call) return 0;
    printf("%zu blocks of %zu bytes were freed in random order, and the thread came to the depot %zu times\n", count,
           bytes, loose_calls);
    return 1;
}

static int calls(void) { return calls_for(BLOCKS, BYTES, 16) + calls_for(LONG_BLOCKS, LONG_BYTES, 6); }

static int cold(void) {
    if (!take_mixed(blocks, BLOCKS, BYTES)) return 3;
    for (size_t i = 0; i < BLOCKS; i++) xfree(blocks[i]);
    if (cold_calls > 0 && 2 * cold_lists >= 3 * cold_calls) return 0;
    printf("%zu magazines left the depot in %zu groups, so that there was little to do while memory came\n", cold_lists,
           cold_calls);
    return 1;
}

// ---- Threads that stop ----------------------------------------------------------------------------------------------

enum { THREADS = 4, PART = BLOCKS / THREADS, MAY_STAY_SHARE = 4 };

static pthread_barrier_t turn;

static void* free_in_turn(void* first) {
    for (char** part = blocks; part < blocks + BLOCKS; part += PART) {
        pthread_barrier_wait(&turn);
        for (size_t i = 0; part == first && i < PART; i++) xfree(part[i]);
    }
    pthread_barrier_wait(&turn);  // the last has freed; memory is looked at
    pthread_barrier_wait(&turn);
    return NULL;
}

static int stays(void) {
    pthread_t threads[THREADS];
    memset(blocks, 1, sizeof blocks);
    pthread_barrier_init(&turn, NULL, THREADS + 1);
    size_t before = resident();
    if (!take_mixed(blocks, BLOCKS, BYTES)) return 3;
    size_t peak = resident();
    for (size_t i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, free_in_turn, blocks + i * PART) != 0) return 3;
    }
    for (size_t i = 0; i <= THREADS; i++) pthread_barrier_wait(&turn);
    size_t left = resident();
    pthread_barrier_wait(&turn);
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    if (left <= before + (peak - before) / MAY_STAY_SHARE) return 0;
    printf("of %zu MiB that %d threads had freed one after the other %.1f stayed\n", (peak - before) / MIB, THREADS,
           (double)(left - before) / MIB);
    return 1;
}

static const struct {
    const char* name;
    int (*run)(void);
} cases[] = {{"calls", calls}, {"cold", cold}, {"stays", stays}};

int main(int count, char** arguments) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0] && count == 2; i++) {
        if (strcmp(arguments[1], cases[i].name) == 0) return cases[i].run();
    }
    fprintf(stderr, "usage: tear_down calls|cold|stays\n");
    return 2;
}

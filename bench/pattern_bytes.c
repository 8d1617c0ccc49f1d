// pattern_bytes.c: blocks whose bytes cost more than the calls: copied, paged in, or passed between caches.

#include <string.h>

#include "bench/pattern.h"
#include "programs/crew.h"
#include "programs/failure.h"
#include "xmalloc.h"

// ---- Vectors that grow ----------------------------------------------------------------------------------------------

enum { VECTORS = 64, VECTOR_STEPS = 250000, VECTOR_FIRST_BYTES = 16 };

struct vector {
    void* elements;
    size_t bytes, final_bytes;
};

static uint64_t grow_vectors(unsigned threads, unsigned percent) {
    (void)threads;
    static struct vector vectors[VECTORS];
    struct pattern_random random = pattern_random_from(3);
    unsigned steps = VECTOR_STEPS / 100 * percent;
    for (unsigned step = 0; step < steps; step++) {
        struct vector* vector = &vectors[pattern_random_below(&random, VECTORS)];
        if (vector->bytes >= vector->final_bytes) {
            xfree(vector->elements);
            *vector = (struct vector){.final_bytes = pattern_random_bytes(&random, 6, 20)};
        }
        size_t bytes = vector->bytes == 0 ? VECTOR_FIRST_BYTES : vector->bytes + vector->bytes / 2;
        void* elements = xrealloc(vector->elements, bytes);
        if (elements == NULL) fail_no_memory("a longer vector");
        pattern_write(elements, vector->bytes, bytes);
        vector->elements = elements;
        vector->bytes = bytes;
    }
    for (size_t i = 0; i < VECTORS; i++) xfree(vectors[i].elements);
    return steps;
}
const struct pattern pattern_vectors = {
    "vectors",
    "Vectors of up to 1 MiB grow by half with xrealloc, like strings and arrays that are built by appending.", 1,
    grow_vectors};

// ---- Large blocks ---------------------------------------------------------------------------------------------------

enum { LARGE_BLOCKS = 8, LARGE_REPLACEMENTS = 150 };

static uint64_t replace_large(unsigned threads, unsigned percent) {
    (void)threads;
    static void* blocks[LARGE_BLOCKS];
    struct pattern_random random = pattern_random_from(4);
    unsigned replacements = LARGE_REPLACEMENTS * percent / 100;
    for (unsigned i = 0; i < replacements; i++) {
        void** block = &blocks[pattern_random_below(&random, LARGE_BLOCKS)];
        xfree(*block);
        *block = pattern_take(pattern_random_bytes(&random, 16, 26));
    }
    for (size_t i = 0; i < LARGE_BLOCKS; i++) xfree(blocks[i]);
    return 2 * (uint64_t)replacements + LARGE_BLOCKS;
}
const struct pattern pattern_large = {
    "large",
    "Blocks of 64 KiB to 64 MiB with random lifetimes, like the images of an editor or the matrices of a solver.", 1,
    replace_large};

// ---- False sharing --------------------------------------------------------------------------------------------------

// After cache-scratch and cache-thrash of Berger et al., "Hoard" (2000).
enum { COUNTER_BYTES = 16, COUNTER_ROUNDS = 100000, COUNTER_WRITES = 8000 };

struct counting {
    unsigned threads;
    unsigned rounds;  // of all threads together
    void** first;     // the neighbouring blocks that the main thread took, one for each thread
};

static void count_in_own_block(void* context, unsigned which) {
    const struct counting* counting = context;
    xfree(counting
              ->first[which]);  // an allocator may be tempted to give this piece of a shared cache line out again here
    for (unsigned round = which; round < counting->rounds; round += counting->threads) {
        volatile uint64_t* counter = pattern_take(COUNTER_BYTES);
        for (unsigned i = 0; i < COUNTER_WRITES; i++) ++*counter;
        xfree((void*)counter);
    }
}

static uint64_t count_side_by_side(unsigned threads, unsigned percent) {
    struct counting counting = {threads, COUNTER_ROUNDS / 100 * percent, pattern_take(threads * sizeof(void*))};
    for (unsigned k = 0; k < threads; k++) counting.first[k] = pattern_take(COUNTER_BYTES);
    crew_run(threads, count_in_own_block, &counting);
    xfree(counting.first);
    return 2 * ((uint64_t)counting.rounds + threads + 1);
}
const struct pattern pattern_neighbours = {
    "neighbours", "Two threads write small blocks that may share a cache line, like counters of the workers in a pool.",
    2, count_side_by_side};

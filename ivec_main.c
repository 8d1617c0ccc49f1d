// ivec_main.c: the longest Collatz sequence below TOP, with every sequence kept in a vector that grows by doubling.
//
// What it asks of an allocator: xrealloc in small steps, blocks of 16 B to 4 KiB in powers of two, and a large live
// heap.

#include "programs/digest.h"
#include "programs/ivec.h"
#include "programs/search.h"

static void* start(uint64_t number) {
    struct ivec* vector = ivec_make();
    ivec_append(vector, number);
    return vector;
}

static void* copy(const void* sequence) {
    const struct ivec* original = sequence;
    struct ivec* vector = ivec_make();
    for (size_t i = 0; i < original->length; i++) ivec_append(vector, original->elements[i]);
    return vector;
}

static void append(void* sequence, uint64_t number) { ivec_append(sequence, number); }

static uint64_t last(const void* sequence) {
    const struct ivec* vector = sequence;
    return vector->elements[vector->length - 1];
}

static uint64_t length(const void* sequence) { return ((const struct ivec*)sequence)->length; }

static uint64_t digest(const void* sequence, uint64_t start) {
    const struct ivec* vector = sequence;
    for (size_t i = 0; i < vector->length; i++) start = digest_add(start, vector->elements[i]);
    return start;
}

static void release(void* sequence) { ivec_release(sequence); }

static const struct sequence_kind vectors = {start, copy, append, last, length, digest, release};

int main(int argc, char** argv) {
    search(&vectors, options_or_exit(argc, argv));
    return 0;
}

// pattern.h: what the allocation patterns have in common.
//
// A pattern does a fixed amount of work, never "as much as fits into a second": so the time that it takes is the
// measurement, and every allocator is asked exactly the same. Its bookkeeping lies in static arrays, so that all memory
// that it takes beyond those is the allocator's.

#ifndef BENCH_PATTERN_H
#define BENCH_PATTERN_H

#include <stddef.h>
#include <stdint.h>

struct pattern {
    const char* name;        // as on the command line
    const char* stands_for;  // one sentence: what it does, and which real programs do that
    unsigned threads;        // when the command line says nothing else
    // Does `percent` of the usual work with that many threads, 1 to THREADS_MOST. Result: how many calls of the
    // allocator it made, which depends on the arguments alone.
    uint64_t (*run)(unsigned threads, unsigned percent);
};

// Takes a block of that many bytes (1 or more) and writes to it, as a program would. Ends the process when there is
// none.
void* pattern_take(size_t bytes);

// Writes to the bytes from `from` to `to` of a block: to all up to a page, and beyond that to the first cache line of
// each page and to the last cache line.
void pattern_write(void* block, size_t from, size_t to);

// Random numbers that are the same in every run (xorshift64*, Vigna 2016). A state is owned by one thread.
struct pattern_random {
    uint64_t state;
};

// seed: any number; close ones give unrelated sequences.
static inline struct pattern_random pattern_random_from(uint64_t seed) {
    return (struct pattern_random){(seed + 1) * UINT64_C(0x9E3779B97F4A7C15)};
}

// A number from 0 to below - 1, as good as evenly spread. below: 1 to 2^32.
static inline uint64_t pattern_random_below(struct pattern_random* random, uint64_t below) {
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    uint64_t high = (random->state * UINT64_C(0x2545F4914F6CDD1D)) >> 32;
    return (high * below) >> 32;
}

// A size from 2^low up to but not including 2^high, every power of two as likely as the next: small sizes are common,
// large ones occur.
static inline size_t pattern_random_bytes(struct pattern_random* random, unsigned low, unsigned high) {
    unsigned power = low + (unsigned)pattern_random_below(random, high - low);
    return ((size_t)1 << power) + pattern_random_below(random, (uint64_t)1 << power);
}

// The k-th of `parts` nearly equal parts of `whole` begins here; the next begins where it ends.
static inline size_t pattern_part(size_t whole, unsigned k, unsigned parts) { return whole * k / parts; }

#endif

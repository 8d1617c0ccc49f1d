// chance.h: numbers that look random, and are the same ones in each run (a linear congruential generator with Knuth's
// multiplier, TAOCP 2, 3.3.4). The upper bits are the good ones.

#ifndef TESTS_TOOLS_CHANCE_H
#define TESTS_TOOLS_CHANCE_H

#include <stddef.h>
#include <stdint.h>

// state: any number to begin with; threads have one each. Result: all 64 bits; the caller shifts.
static inline uint64_t next_random(uint64_t* state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state;
}

// Result: from 0 to end - 1. end: 1 to 2^31.
static inline size_t random_below(uint64_t* state, size_t end) { return (size_t)(next_random(state) >> 33) % end; }

#endif

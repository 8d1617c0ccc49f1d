// step.h: one step of the Collatz sequence.

#ifndef STEP_H
#define STEP_H

#include <stdbool.h>
#include <stdint.h>

// Gives the number that follows in a Collatz sequence: half of an even number, 3n+1 of an odd one.
//
// number: 1 or more.
// next: where the result goes; untouched on error.
// Result: false when 3n+1 does not fit into 64 bits, else true.
static inline bool collatz_step(uint64_t number, uint64_t* next) {
    if (number > (UINT64_MAX - 1) / 3 && number % 2 == 1) return false;
    // Both results are computed and one is picked, because whether a number is odd is a coin toss to the branch
    // predictor, and a wrong guess costs more than a multiplication.
    uint64_t tripled = 3 * number + 1;
    *next = number % 2 == 0 ? number / 2 : tripled;
    return true;
}

#endif

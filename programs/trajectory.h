// trajectory.h: the whole Collatz sequence of a number, as an array of exactly its length.

#ifndef TRAJECTORY_H
#define TRAJECTORY_H

#include <stdint.h>

struct trajectory {
    uint64_t length;    // 1 or more
    uint64_t values[];  // from the number itself down to 1
};

// Generates the trajectory of a number, 1 or more: grown by doubling and at the end cut to what it needs. The caller
// frees it with xfree. No memory, or a value past 64 bits, ends the process (fail).
struct trajectory* trajectory_generate(uint64_t number);

// Counts the steps that a trajectory takes to reach 1, by walking it.
uint64_t trajectory_steps(const struct trajectory* trajectory);

#endif

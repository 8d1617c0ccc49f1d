// answer.h: the number that reaches the most steps so far, and how it is printed.

#ifndef ANSWER_H
#define ANSWER_H

#include <stdint.h>

struct answer {
    uint64_t number;  // 0 before the first one was considered
    uint64_t steps;
};

// Takes a number and its steps into account, in any order: more steps win, and the smaller number on a tie.
void answer_consider(struct answer* answer, uint64_t number, uint64_t steps);

// Prints "Max steps is at NUMBER: STEPS steps" on standard output; ends the process when that cannot be written.
void answer_print(const struct answer* answer);

#endif

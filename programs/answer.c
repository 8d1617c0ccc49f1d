// answer.c: see answer.h.

#include "programs/answer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "programs/failure.h"

void answer_consider(struct answer* answer, uint64_t number, uint64_t steps) {
    if (answer->number != 0) {
        if (steps < answer->steps) return;
        if (steps == answer->steps && number > answer->number) return;
    }
    answer->number = number;
    answer->steps = steps;
}

void answer_print(const struct answer* answer) {
    int printed = printf("Max steps is at %" PRIu64 ": %" PRIu64 " steps\n", answer->number, answer->steps);
    if (printed < 0 || fflush(stdout) != 0) {
        fail(EXIT_NO_ANSWER, "the answer could not be written to standard output: %s", strerror(errno));
    }
}

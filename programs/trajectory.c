// trajectory.c: see trajectory.h.

#include "programs/trajectory.h"

#include <inttypes.h>
#include <stddef.h>

#include "programs/failure.h"
#include "programs/step.h"
#include "xmalloc.h"

enum { FIRST_CAPACITY = 4 };  // values

// trajectory: NULL for a new one.
static struct trajectory* trajectory_resize(struct trajectory* trajectory, uint64_t values) {
    size_t bytes = sizeof(struct trajectory) + values * sizeof(uint64_t);
    trajectory = trajectory == NULL ? xmalloc(bytes) : xrealloc(trajectory, bytes);
    if (trajectory == NULL) fail_no_memory("a trajectory");
    return trajectory;
}

struct trajectory* trajectory_generate(uint64_t number) {
    uint64_t capacity = FIRST_CAPACITY;
    struct trajectory* trajectory = trajectory_resize(NULL, capacity);
    uint64_t length = 0;
    uint64_t value = number;
    trajectory->values[length++] = value;
    while (value != 1) {
        if (!collatz_step(value, &value)) {
            fail(EXIT_NO_ANSWER, "the sequence of %" PRIu64 " leaves 64 bits: 3 * %" PRIu64 " + 1", number, value);
        }
        if (length == capacity) {
            capacity *= 2;
            trajectory = trajectory_resize(trajectory, capacity);
        }
        trajectory->values[length++] = value;
    }
    trajectory = trajectory_resize(trajectory, length);
    trajectory->length = length;
    return trajectory;
}

uint64_t trajectory_steps(const struct trajectory* trajectory) {
    uint64_t steps = 0;
    while (trajectory->values[steps] != 1) steps++;
    return steps;
}

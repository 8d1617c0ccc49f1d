// decay.c: see decay.h.

#include "par/decay.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "par/extent.h"
#include "par/os.h"
#include "par/region.h"

enum {
    STEP_MS = 50,
    TIME_STEPS = 10,  // a time (idle.h) ends with each so many steps
};

void decay(void) {
    static atomic_uint_least64_t next_step;  // in milliseconds
    static atomic_uint steps;
    uint64_t now = os_milliseconds();
    // order: relaxed, here and below. The numbers lead to no memory; who comes first takes the step, and the others go
    // on.
    uint64_t due = atomic_load_explicit(&next_step, memory_order_relaxed);
    if (now < due) return;
    // order: relaxed.
    if (!atomic_compare_exchange_strong_explicit(&next_step, &due, now + STEP_MS, memory_order_relaxed,
                                                 memory_order_relaxed)) {
        return;
    }
    // order: relaxed.
    unsigned step = atomic_fetch_add_explicit(&steps, 1, memory_order_relaxed);
    // One after the other, so that no call takes long.
    if (step % 2 == 0) {
        region_decay(step % TIME_STEPS == 0);
    } else {
        extent_decay(step % TIME_STEPS == 1);
    }
}

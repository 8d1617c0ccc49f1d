// decay.c: see decay.h.

#include "par/decay.h"

#include <stdatomic.h>
#include <stdint.h>

#include "par/estimate.h"
#include "par/extent.h"
#include "par/os.h"
#include "par/region.h"

enum {
    STEP_MS = 50,
    TIME_STEPS = 10,  // a time (idle.h) ends with each so many steps,
    TIMES_MOST = 64   // but no more than so many at once, after a long pause: nothing is left then
};

// How many times have ended between one step and so many more.
static unsigned times_of(size_t step, uint64_t more) {
    uint64_t times = (step + more) / TIME_STEPS - step / TIME_STEPS;
    return times < TIMES_MOST ? (unsigned)times : TIMES_MOST;
}

void decay(void) {
    static atomic_uint_least64_t next_step;  // in milliseconds
    static atomic_size_t steps;
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
    // A pause, in which nobody came, counts for as many steps as it was long.
    uint64_t more = due == 0 ? 1 : 1 + (now - due) / STEP_MS;
    unsigned times = times_of(estimate_add(&steps, (size_t)more), more);
    region_decay(times);
    if (extent_decay(times)) region_owe(OWES_SLOTS);
}

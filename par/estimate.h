// estimate.h: numbers that all threads read and change, and that only say how much there is or how often to look.
//
// They lead to no memory (an address among them is only asked about), and what gets lost between threads costs speed
// alone, or a look.

#ifndef PAR_ESTIMATE_H
#define PAR_ESTIMATE_H

#include <stdatomic.h>
#include <stddef.h>

static inline size_t estimate(atomic_size_t* number) {
    // order: relaxed, here and below, for the reasons above.
    return atomic_load_explicit(number, memory_order_relaxed);
}

static inline void estimate_set(atomic_size_t* number, size_t value) {
    // order: relaxed, as in estimate.
    atomic_store_explicit(number, value, memory_order_relaxed);
}

// more: may be a negative number as its complement. Result: what it was before.
static inline size_t estimate_add(atomic_size_t* number, size_t more) {
    // order: relaxed, as in estimate.
    return atomic_fetch_add_explicit(number, more, memory_order_relaxed);
}

#endif

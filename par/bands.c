// bands.c: see bands.h.

#include "par/bands.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "par/extent.h"
#include "par/os.h"

enum {
    LOOKS_EVERY = 32,   // runs that are given back, or more seldom, while only filled ones are found,
    LOOKS_SELDOM = 16,  // by so many times at most
    SPARSE_SHARE = 2,   // a sparse run has memory for at most this part of it
    SPARSE_LEAST = 8,   // so many more looks must find a sparse run than a filled one,
    SPARSE_MOST = 16,   // and no more than so many are remembered
    FILLED_WEIGHT = 4,  // as much as so many sparse runs counts a filled one
    FIRST_PAGES = 24,   // the longest run of the first band has one less: 64 KiB, and a record before them
};

static atomic_uint sparse_looks;
static atomic_uint times_as_seldom = 1;

static unsigned load(atomic_uint* number) {
    // order: relaxed, here and below. The numbers lead to no memory, and what gets lost between threads costs speed.
    return atomic_load_explicit(number, memory_order_relaxed);
}

static void set(atomic_uint* number, unsigned value) {
    // order: relaxed, as in load.
    atomic_store_explicit(number, value, memory_order_relaxed);
}

// Where addresses are limited none may lie where only some lengths can have them.
enum region_use band_of(size_t pages) {
    if (load(&sparse_looks) < SPARSE_LEAST || extent_addresses_were_limited()) return REGION_OF_BLOCKS;
    size_t band = 0;
    while (band < REGION_BANDS - 1 && pages >= (size_t)FIRST_PAGES << band) band++;
    return (enum region_use)(REGION_OF_BAND + band);
}

// Whether a look is due. It costs a system call.
static bool looks_now(void) {
    static atomic_uint runs;
    // order: relaxed, as in load.
    unsigned run = atomic_fetch_add_explicit(&runs, 1, memory_order_relaxed);
    return run % (LOOKS_EVERY * load(&times_as_seldom)) == 0;
}

void bands_watch(char* start, size_t pages) {
    if (!looks_now()) return;
    unsigned sparse = load(&sparse_looks);
    bool is_sparse = os_resident(start, pages * PAGE_BYTES) <= pages * PAGE_BYTES / SPARSE_SHARE;
    if (is_sparse) {
        set(&sparse_looks, sparse < SPARSE_MOST ? sparse + 1 : sparse);
        set(&times_as_seldom, 1);
    } else if (sparse > 0) {
        set(&sparse_looks, sparse < FILLED_WEIGHT ? 0 : sparse - FILLED_WEIGHT);
    } else if (load(&times_as_seldom) < LOOKS_SELDOM) {
        set(&times_as_seldom, 2 * load(&times_as_seldom));
    }
}

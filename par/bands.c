// bands.c: see bands.h.

#include "par/bands.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "par/estimate.h"
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

static atomic_size_t sparse_looks;
static atomic_size_t times_as_seldom = 1;

// Where addresses are limited none may lie where only some lengths can have them.
enum region_use band_of(size_t pages) {
    if (estimate(&sparse_looks) < SPARSE_LEAST || extent_addresses_were_limited()) return REGION_OF_BLOCKS;
    size_t band = 0;
    while (band < REGION_BANDS - 1 && pages >= (size_t)FIRST_PAGES << band) band++;
    return (enum region_use)(REGION_OF_BAND + band);
}

// Whether a look is due. It costs a system call.
static bool looks_now(void) {
    static atomic_size_t runs;
    return estimate_add(&runs, 1) % (LOOKS_EVERY * estimate(&times_as_seldom)) == 0;
}

void bands_watch(char* start, size_t pages) {
    if (!looks_now()) return;
    size_t sparse = estimate(&sparse_looks);
    bool is_sparse = os_resident(start, pages * PAGE_BYTES) <= pages * PAGE_BYTES / SPARSE_SHARE;
    if (is_sparse) {
        estimate_set(&sparse_looks, sparse < SPARSE_MOST ? sparse + 1 : sparse);
        estimate_set(&times_as_seldom, 1);
    } else if (sparse > 0) {
        estimate_set(&sparse_looks, sparse < FILLED_WEIGHT ? 0 : sparse - FILLED_WEIGHT);
    } else if (estimate(&times_as_seldom) < LOOKS_SELDOM) {
        estimate_set(&times_as_seldom, 2 * estimate(&times_as_seldom));
    }
}

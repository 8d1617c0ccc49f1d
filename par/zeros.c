// zeros.c: see zeros.h.

#include "par/zeros.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "par/estimate.h"
#include "par/os.h"
#include "par/page_map.h"

enum {
    LEAST_BYTES = 128 * 1024,  // of a block whose pages are given up
    KINDS = 8,
    SPARSE_SHARE = 8,    // at most this part of a sparse block was touched: then both ways take about as long
    SPARSE_LEAST = 3,    // so many more blocks must be sparse than filled,
    SPARSE_MOST = 8,     // and no more than so many are remembered
    FILLED_WEIGHT = 3,   // as much as so many sparse blocks counts a filled one
    SPARSE_EVERY = 8,    // one block in so many is watched while they are sparse,
    FRESH_EVERY = 4,     // or in so many whose pages the system has just given,
    FILLED_EVERY = 256,  // or in so many while they are not, and twice as seldom with each that was filled,
    SELDOM_MOST = 3,     // so often
    PLACES_BITS = 4      // for blocks that are watched: a later one takes the place of an earlier one
};

static atomic_size_t watched[1 << PLACES_BITS];  // addresses of blocks, or 0

// Of blocks of about one length, each kind twice as long as the one before: a table of which so many pages are touched
// is sparse where it is long.
static struct kind {
    atomic_size_t sparse;  // blocks of late
    atomic_size_t seldom;
    atomic_size_t blocks;
} kinds[KINDS];

static atomic_size_t* place_of(const char* block) {
    uint64_t page = (uintptr_t)block / PAGE_BYTES;
    return &watched[page * UINT64_C(0x9e3779b97f4a7c15) >> (64 - PLACES_BITS)];
}

static struct kind* kind_of(size_t bytes) {
    unsigned kind = (unsigned)__builtin_clzll(LEAST_BYTES) - (unsigned)__builtin_clzll(bytes);
    return &kinds[kind < KINDS ? kind : KINDS - 1];
}

static bool are_sparse(struct kind* kind) { return estimate(&kind->sparse) >= SPARSE_LEAST; }

// One that is to give up its pages for that is watched the more seldom the more were filled.
static bool watches_now(struct kind* kind) {
    size_t every = are_sparse(kind) ? SPARSE_EVERY : (size_t)FILLED_EVERY << estimate(&kind->seldom);
    return (estimate_add(&kind->blocks, 1) + 1) % every == 0;
}

static void watch(const char* start) { estimate_set(place_of(start), (uintptr_t)start); }

void zeros_make(char* start, size_t bytes) {
    struct kind* kind = bytes < LEAST_BYTES ? NULL : kind_of(bytes);
    bool is_watched = kind != NULL && watches_now(kind);
    if (is_watched) watch(start);
    if (is_watched || (kind != NULL && are_sparse(kind))) {
        os_purge(start, bytes);
    } else {
        os_clear(start, bytes);
    }
}

void zeros_are_fresh(char* start, size_t bytes) {
    static atomic_size_t blocks;
    if (bytes >= LEAST_BYTES && estimate_add(&blocks, 1) % FRESH_EVERY == 0) watch(start);
}

// Of a long block the middle is asked about.
static bool is_sparse(char* start, size_t bytes) {
    size_t asked = bytes < SLOT_BYTES ? bytes : SLOT_BYTES;
    char* middle = start + (bytes - asked) / 2 / PAGE_BYTES * PAGE_BYTES;
    return os_resident(middle, asked) <= asked / SPARSE_SHARE;
}

void zeros_ends(char* start, size_t bytes) {
    atomic_size_t* place = place_of(start);
    if (estimate(place) != (uintptr_t)start || bytes < LEAST_BYTES) return;
    estimate_set(place, 0);
    struct kind* kind = kind_of(bytes);
    size_t before = estimate(&kind->sparse);
    if (is_sparse(start, bytes)) {
        estimate_set(&kind->sparse, before < SPARSE_MOST ? before + 1 : before);
        estimate_set(&kind->seldom, 0);
    } else {
        estimate_set(&kind->sparse, before < FILLED_WEIGHT ? 0 : before - FILLED_WEIGHT);
        if (estimate(&kind->seldom) < SELDOM_MOST) estimate_add(&kind->seldom, 1);
    }
}

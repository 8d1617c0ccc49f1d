// shrunk.c: see shrunk.h.

#include "par/shrunk.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "par/estimate.h"
#include "par/page_map.h"

enum {
    PLACES_BITS = 6,    // for blocks that are watched: a later one takes the place of an earlier one
    REGROWN_COUNTS = 2  // as much as so many that did not grow,
};

// and so far from even the balance goes.
#define BALANCE_MOST ((ptrdiff_t)8)

static atomic_size_t places[1 << PLACES_BITS];  // addresses, or 0
static atomic_size_t balance;                   // of blocks that stayed short, less of those that grew again

static atomic_size_t* place_of(const void* block) {
    uint64_t page = (uintptr_t)block / PAGE_BYTES;
    return &places[page * UINT64_C(0x9e3779b97f4a7c15) >> (64 - PLACES_BITS)];
}

static void learn(ptrdiff_t by) {
    ptrdiff_t now = (ptrdiff_t)estimate(&balance) + by;
    if (now >= -BALANCE_MOST && now <= BALANCE_MOST) estimate_set(&balance, (size_t)now);
}

bool shrunk_should_move(void) { return (ptrdiff_t)estimate(&balance) >= 0; }

void shrunk_watch(const void* block) {
    atomic_size_t* place = place_of(block);
    if (estimate(place) != 0) learn(1);
    estimate_set(place, (uintptr_t)block);
}

static void end(const void* block, ptrdiff_t counts) {
    atomic_size_t* place = place_of(block);
    if (estimate(place) != (uintptr_t)block) return;
    estimate_set(place, 0);
    learn(counts);
}

void shrunk_grows(const void* block) { end(block, -REGROWN_COUNTS); }

void shrunk_ends(const void* block) { end(block, 1); }

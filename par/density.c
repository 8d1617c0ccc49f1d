// density.c: see density.h.

#include "par/density.h"

#include "par/estimate.h"
#include "par/os.h"
#include "par/page_map.h"

enum {
    UNTOUCHED_SHARE = 5,  // at most this part of a full piece may lie untouched
    TRUST_LEAST = 4,      // slots that get huge pages before one is watched again; so many more each time,
    TRUST_MOST = 32,      // but no more than so many
    FILLED_AFTER = 2,     // pieces: until then a newer piece may still be being filled
    PATIENCE = 8,         // after so many pieces an older one that is not full is given up
};

static bool is_full(char* start, size_t bytes) { return os_resident(start, bytes) >= bytes - bytes / UNTOUCHED_SHARE; }

bool density_of_range_is_high(char* start, size_t bytes) {
    if (bytes <= SLOT_BYTES) return is_full(start, bytes);
    return is_full(start + (bytes - SLOT_BYTES) / PAGE_BYTES * PAGE_BYTES, SLOT_BYTES);
}

static char* load(_Atomic(char*)* watched) {
    // order: relaxed. The kernel is asked about the address, and nothing is read there; a stale one costs speed alone.
    return atomic_load_explicit(watched, memory_order_relaxed);
}

// A piece may be gone and its addresses another's by now. Then the answer is wrong, but it is about speed alone.
static bool were_full(struct density* density, bool is_trusted) {
    char* older = load(&density->older);
    char* newest = load(&density->newest);
    // Of a heap that small the waste would be large: the first two pieces have ordinary pages in any case.
    if (older == NULL && is_trusted) return false;
    // order: relaxed, as for addresses.
    if (older == NULL && newest == NULL) return atomic_load_explicit(&density->was_full, memory_order_relaxed);
    if (older != NULL && !is_full(older, SLOT_BYTES)) return false;
    bool is_filled = older == NULL || (!is_trusted && estimate(&density->pieces) >= FILLED_AFTER);
    return newest == NULL || !is_filled || is_full(newest, SLOT_BYTES);
}

enum density_verdict density_of_next(struct density* density, size_t slots, bool is_trusted) {
    if (!were_full(density, is_trusted)) {
        estimate_set(&density->trust, 0);
        return DENSITY_LOW;
    }
    estimate_add(&density->pieces, 1);
    size_t trust = is_trusted ? TRUST_MOST : estimate(&density->trust);
    if (trust < TRUST_LEAST) trust = TRUST_LEAST;
    if (estimate_add(&density->slots, slots) + slots < trust) return DENSITY_HIGH;
    estimate_set(&density->trust, trust + TRUST_LEAST < TRUST_MOST ? trust + TRUST_LEAST : TRUST_MOST);
    return DENSITY_HIGH_WATCH_ONE;
}

// The older piece stays while it is not yet full, for it may become so; but not for ever.
void density_watch(struct density* density, char* slot) {
    // order: relaxed, as in load.
    char* before = atomic_exchange_explicit(&density->newest, slot, memory_order_relaxed);
    char* older = load(&density->older);
    size_t watched = estimate_add(&density->watched, 1);
    estimate_set(&density->pieces, 0);
    estimate_set(&density->slots, 0);
    if (before == NULL) return;
    if (older == NULL || watched % PATIENCE == 0 || is_full(older, SLOT_BYTES)) {
        // order: relaxed, as in load.
        atomic_store_explicit(&density->older, before, memory_order_relaxed);
    }
}

// Result: whether the slot was there.
static bool clear(_Atomic(char*)* watched, char* slot) {
    // order: relaxed, as in load. That a slot is cleared here before its addresses are another's, is not promised.
    return atomic_compare_exchange_strong_explicit(watched, &slot, NULL, memory_order_relaxed, memory_order_relaxed);
}

void density_forget(struct density* density, char* slot, bool is_as_filled) {
    bool was_watched = clear(&density->older, slot);
    was_watched |= clear(&density->newest, slot);
    if (!was_watched || !is_as_filled) return;
    // order: relaxed, as for addresses.
    atomic_store_explicit(&density->was_full, is_full(slot, SLOT_BYTES), memory_order_relaxed);
}

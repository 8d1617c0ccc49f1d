// density.c: see density.h.

#include "par/density.h"

#include "par/os.h"
#include "par/page_map.h"

enum {
    UNTOUCHED_SHARE = 5,  // at most this part of a full piece may lie untouched
    WATCHED_SHARE = 32,   // one in so many pieces gets ordinary pages though others are full
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

static unsigned count(atomic_uint* counter) {
    // order: relaxed, for the number leads to no memory.
    return atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

// The piece may be gone and its addresses another's by now. Then the answer is wrong, but it is about speed alone.
enum density_verdict density_of_next(struct density* density) {
    char* watched = load(&density->older);
    if (watched == NULL) watched = load(&density->newest);
    // order: relaxed, as for addresses.
    bool was_full = atomic_load_explicit(&density->was_full, memory_order_relaxed);
    if (watched == NULL ? !was_full : !is_full(watched, SLOT_BYTES)) return DENSITY_LOW;
    return count(&density->pieces) % WATCHED_SHARE == WATCHED_SHARE - 1 ? DENSITY_HIGH_WATCH_ONE : DENSITY_HIGH;
}

// The older piece stays while it is not yet full, for it may become so; but not for ever.
void density_watch(struct density* density, char* slot) {
    // order: relaxed, as in load.
    char* before = atomic_exchange_explicit(&density->newest, slot, memory_order_relaxed);
    char* older = load(&density->older);
    unsigned watched = count(&density->watched);
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

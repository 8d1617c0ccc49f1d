// sparse.c: see sparse.h.

#include "par/sparse.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "par/estimate.h"
#include "par/os.h"
#include "par/page_map.h"

enum {
    LOOKS_LEAST = 64,        // one in so many blocks is looked at,
    LOOKS_MOST_BARE = 512,   // or in so many where hardly anything is touched,
    LOOKS_MOST_SAME = 4096,  // or the same pages are
    BARE_SHARE = 64,         // a sparse slot has memory for more than this part of it,
    SPARSE_SHARE = 4,        // but for no more than this
};

static atomic_size_t looked_every;  // so seldom; 0: at least
static atomic_size_t purged_slot;   // the address of one that has not come again, or 0,
static atomic_size_t purged_bytes;  // and what it had

static size_t every(void) {
    size_t blocks = estimate(&looked_every);
    return blocks > LOOKS_LEAST ? blocks : LOOKS_LEAST;
}

static void look_less(size_t most) {
    size_t blocks = every();
    if (blocks < most) estimate_set(&looked_every, 2 * blocks);
}

// Once in so many blocks, by steps of the golden ratio, so that no rhythm of the program's leaves a block out.
static bool looks_now(void) {
    static atomic_size_t blocks;
    return (uint32_t)estimate_add(&blocks, 1) * UINT32_C(2654435769) < UINT32_MAX / every();
}

// What a slot has that was purged and has come again was touched in one use.
static void learn(char* start, size_t slots) {
    uintptr_t slot = estimate(&purged_slot);
    if (slot < (uintptr_t)start || slot >= (uintptr_t)start + slots * SLOT_BYTES) return;
    estimate_set(&purged_slot, 0);
    if (os_resident((char*)slot, SLOT_BYTES) > estimate(&purged_bytes) / 2) {
        look_less(LOOKS_MOST_SAME);
    } else {
        estimate_set(&looked_every, LOOKS_LEAST);
    }
}

static bool is_sparse(size_t resident) {
    return resident > SLOT_BYTES / BARE_SHARE && resident <= SLOT_BYTES / SPARSE_SHARE;
}

// A slot is asked first, each time another, for most blocks are full or bare. If it is sparse, the blocks that come
// next are looked at, too, a slot of each, until as many were seen as this one has: no call makes more than two calls
// of the system.
void sparse_purge(char* start, size_t slots) {
    static atomic_size_t turn;  // the slot that comes next, as far as a block has so many
    static atomic_size_t owed;  // so many slots are still to be looked at
    learn(start, slots);
    size_t left = estimate(&owed);
    if (left == 0 && !looks_now()) return;
    size_t place = estimate(&turn) % slots;
    estimate_set(&turn, place + 1);
    char* slot = start + place * SLOT_BYTES;
    size_t resident = os_resident(slot, SLOT_BYTES);
    if (left == 0) {
        if (resident <= SLOT_BYTES / BARE_SHARE) look_less(LOOKS_MOST_BARE);
        if (!is_sparse(resident)) return;
        estimate_set(&purged_bytes, resident);
        estimate_set(&purged_slot, (uintptr_t)slot);
        left = slots;
    }
    if (is_sparse(resident)) os_drop(slot, SLOT_BYTES);
    estimate_set(&owed, left - 1);
}

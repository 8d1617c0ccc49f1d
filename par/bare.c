// bare.c: see bare.h.

#include "par/bare.h"

#include <stdatomic.h>

#include "par/estimate.h"
#include "par/idle.h"
#include "par/os.h"
#include "par/page_map.h"

enum {
    BARE_SHARE = 32,     // at most this part of a bare slot has memory: to move more of it costs less than fresh pages
    TRUSTED_AFTER = 32,  // looks in a row: where a tenth of the slots is filled, one in thirty such rows finds none
    MORE_LEAST = 16,     // slots more that may lie idle, whatever is in use
    WATCHED_EVERY = 32,  // slots that are given back
};

static atomic_size_t in_a_row;   // looks that found a bare slot
static atomic_size_t more;       // slots that may lie idle
static atomic_size_t unwatched;  // slots that were given back since some were watched

// Looks at one slot, each time at another: a program may fill the beginning of its blocks, or their end. Result:
// whether all have been bare for long.
static bool are_bare(char* start, size_t slots) {
    static atomic_size_t turn;
    char* slot = start + estimate_add(&turn, 1) % slots * SLOT_BYTES;
    if (os_is_bare(slot, SLOT_BYTES, SLOT_BYTES / BARE_SHARE)) return estimate_add(&in_a_row, 1) + 1 >= TRUSTED_AFTER;
    estimate_set(&in_a_row, 0);
    estimate_set(&more, 0);
    return false;
}

// As many again as are in use: with half of it blocks of one to fifteen slots still met.
static size_t most_more(size_t highest) { return highest + MORE_LEAST; }

bool bare_stay(char* idle, size_t idle_slots, size_t needed, size_t highest) {
    if (estimate(&more) + needed > most_more(highest) || !are_bare(idle, idle_slots)) return false;
    estimate_add(&more, needed);
    return true;
}

void bare_watch(char* start, size_t slots) {
    if (estimate(&more) == 0 || estimate_add(&unwatched, slots) + slots < WATCHED_EVERY) return;
    estimate_set(&unwatched, 0);
    (void)are_bare(start, slots);
}

size_t bare_more(size_t highest) {
    size_t most = most_more(highest);
    size_t now = estimate(&more);
    return now < most ? now : most;
}

void bare_end_time(void) {
    size_t now = estimate(&more);
    estimate_set(&more, now - idle_sinks_by(now));
}

// run_cache.h: the few runs of pages that a thread has freed and will probably take again.
//
// A block of 64 KiB or more that comes and goes, like the buffer of each request, would cost the lock of all regions
// and two searches each time. So the thread keeps its run, whose pages stay in use as far as the region knows. It does
// so once it was seen to take again what it frees. A place of the cache is at first a ghost, only the length of a run
// that was freed. When the thread takes such a length, the place wants a run, and keeps the next one of that length. So
// a thread that builds up, or that frees at the end what it has built, keeps none. (Ghosts that decide what stays are
// from Megiddo and Modha, "ARC", FAST 2003.)
//
// A hand goes round the places, a step with each ghost and each few takes, and gives back what the thread has not come
// for since it was there last (CLOCK, as in paging). While a thread has few pages, a run may serve that is longer than
// it must be: so one run does for requests of many lengths.
//
// Everything here belongs to one thread. Only runs that are given back take a lock.

#ifndef PAR_RUN_CACHE_H
#define PAR_RUN_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "par/region.h"

enum { RUN_PLACES = 8 };

// Zero is empty.
struct run_cache {
    char* starts[RUN_PLACES];    // of the runs that are kept
    uint16_t marks[RUN_PLACES];  // of each place its state and a length in pages
    uint8_t used[RUN_PLACES];    // whether the thread came for the place since the hand passed it
    uint32_t last;               // the place for which the thread came last
    uint32_t takes;              // of the thread
    uint32_t hand;               // the place at which the search for an unused one goes on
    uint32_t kept_pages;         // in all places,
    uint32_t most_pages;         // and at most; the owner of the cache sets it
    size_t out_pages;            // that the thread took and has not freed, as far as it knows: others may have
};

// Takes a kept run of so many pages (1 to MEDIUM_MOST_PAGES), or of some more while the thread has few pages.
// Result: NULL when there is none. Then the caller takes a run from the regions, of as many pages as this sets. The
// content is undefined.
char* run_cache_take(struct run_cache* runs, size_t* pages);

// Keeps the run of a block that was freed, if it is wanted and there is room.
// Result: whether it is kept; otherwise the caller gives it back to its region.
bool run_cache_keep(struct run_cache* runs, struct region* region, char* start);

// Counts that a run of the thread has got another length in its place; or, from 0, that the thread got a run which
// cannot be a kept one.
void run_cache_note_resize(struct run_cache* runs, size_t old_pages, size_t new_pages);

// Passes a place with the hand, and empties it if the thread has not come for it since the hand was there last.
void run_cache_give_unused(struct run_cache* runs);

// Gives all runs back to their regions, and forgets what was freed.
void run_cache_flush(struct run_cache* runs);

// For par_check: ends the process when a place is not as it should be.
void run_cache_check(const struct run_cache* runs);

#endif

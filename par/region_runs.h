// region_runs.h: which runs a region has, and how long they are.
//
// A region has an entry for each page. The owner of a run reads and changes its entry without a lock, for nobody else
// comes for it; whoever looks for runs holds the lock of region.c.

#ifndef PAR_REGION_RUNS_H
#define PAR_REGION_RUNS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "par/region.h"

enum { RUN_IS_KEPT = 1 << 15 };  // in an entry: the run is no block now, but some thread's (run_cache.h)

static inline size_t region_page_of(const struct region* region, const char* start) {
    return (size_t)(start - region->mapping.start) / PAGE_BYTES;
}

static inline size_t run_entry(const struct region* region, size_t page) {
    // order: relaxed, and so where it is stored. Who asks about a block's entry has the block, directly or through the
    // program's own synchronisation, from who saw it set (page_map.h); all others hold the lock.
    return atomic_load_explicit(&region->run_entries[page], memory_order_relaxed);
}

// The length of the run that begins at this page; 0 when none does.
static inline size_t run_length(const struct region* region, size_t page) {
    return run_entry(region, page) & ~(size_t)RUN_IS_KEPT;
}

static inline void run_set(struct region* region, size_t page, size_t entry) {
    // order: relaxed, as in run_entry.
    atomic_store_explicit(&region->run_entries[page], (uint16_t)entry, memory_order_relaxed);
}

// The length of the run that begins at this address, or 0 when none does, or some thread keeps it.
static inline size_t region_run_pages(const struct region* region, const char* start) {
    if ((size_t)(start - region->mapping.start) % PAGE_BYTES != 0) return 0;
    size_t entry = run_entry(region, region_page_of(region, start));
    return (entry & RUN_IS_KEPT) == 0 ? entry : 0;
}

// The length of the run that begins at this address and that some thread keeps, or 0.
static inline size_t region_kept_pages(const struct region* region, const char* start) {
    size_t entry = run_entry(region, region_page_of(region, start));
    return (entry & RUN_IS_KEPT) != 0 ? entry & ~(size_t)RUN_IS_KEPT : 0;
}

// Marks a run that its owner keeps though it is nobody's block any more. Its pages count as used all the while.
static inline void region_keep_run(struct region* region, const char* start) {
    size_t page = region_page_of(region, start);
    run_set(region, page, run_length(region, page) | RUN_IS_KEPT);
}

// A run that was kept is a block again.
static inline void region_reuse_run(struct region* region, const char* start) {
    size_t page = region_page_of(region, start);
    run_set(region, page, run_length(region, page));
}

#endif

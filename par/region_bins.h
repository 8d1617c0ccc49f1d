// region_bins.h: the regions of one use, by the length of their longest free run. The caller holds the lock of
// region.c.

#ifndef PAR_REGION_BINS_H
#define PAR_REGION_BINS_H

#include <stddef.h>
#include <stdint.h>

#include "par/page_bits.h"
#include "par/region.h"

struct region_bins {
    struct region* of[SLOT_PAGES];  // of[n - 1]: the regions whose longest free run has n pages
    uint64_t filled[PAGE_WORDS];    // a bit for each bin that is not empty
};

// First fit, but last fit for a run that is aligned to a granule. Result: its first page, or SLOT_PAGES.
//
// Those are the spans of long blocks. Between the spans of short ones, which are aligned to more, they would leave gaps
// that nobody could use.
static inline size_t find_free_run(const struct region* region, size_t pages, size_t alignment_pages) {
    size_t last = SLOT_PAGES;
    size_t start = page_bits_next_clear(region->used, 0);
    while (start < SLOT_PAGES) {
        size_t end = page_bits_next_set(region->used, start);
        size_t aligned = (start + alignment_pages - 1) & ~(alignment_pages - 1);
        if (aligned + pages <= end) {
            if (alignment_pages != GRANULE_PAGES) return aligned;
            last = (end - pages) & ~(alignment_pages - 1);
        }
        start = page_bits_next_clear(region->used, end);
    }
    return last;
}

// Stops at a run of so many pages.
static inline size_t find_longest_free(const struct region* region, size_t enough) {
    size_t longest = 0;
    for (size_t start = page_bits_next_clear(region->used, 0); start < SLOT_PAGES && longest < enough;) {
        size_t end = page_bits_next_set(region->used, start);
        if (end - start > longest) longest = end - start;
        start = page_bits_next_clear(region->used, end);
    }
    return longest;
}

static inline void region_bins_add(struct region_bins* bins, struct region* region, size_t longest_free) {
    region->longest_free = (uint16_t)longest_free;
    if (longest_free == 0) return;
    size_t bin = longest_free - 1;
    region->previous = NULL;
    region->next = bins->of[bin];
    if (region->next != NULL) region->next->previous = region;
    bins->of[bin] = region;
    bins->filled[bin / 64] |= (uint64_t)1 << (bin % 64);
}

static inline void region_bins_remove(struct region_bins* bins, struct region* region) {
    if (region->longest_free == 0) return;
    size_t bin = region->longest_free - 1;
    if (region->previous == NULL) {
        bins->of[bin] = region->next;
        if (region->next == NULL) bins->filled[bin / 64] &= ~((uint64_t)1 << (bin % 64));
    } else {
        region->previous->next = region->next;
    }
    if (region->next != NULL) region->next->previous = region->previous;
}

static inline void region_bins_move(struct region_bins* bins, struct region* region, size_t longest_free) {
    if (longest_free == region->longest_free) return;
    region_bins_remove(bins, region);
    region_bins_add(bins, region, longest_free);
}

// These pages are used now, all of one free run. Only where it was the longest must the others be looked at.
static inline void region_bins_took(struct region_bins* bins, struct region* region, size_t first, size_t pages) {
    size_t start = page_bits_end_before(region->used, first);
    size_t end = page_bits_next_set(region->used, first + pages);
    if (end - start < region->longest_free) return;
    region_bins_move(bins, region, find_longest_free(region, region->longest_free));
}

// These pages are free now.
static inline void region_bins_gave(struct region_bins* bins, struct region* region, size_t first, size_t pages) {
    size_t start = page_bits_end_before(region->used, first);
    size_t end = page_bits_next_set(region->used, first + pages);
    if (end - start > region->longest_free) region_bins_move(bins, region, end - start);
}

// Among regions whose longest free run has so many pages or more, those that have the least room first: one where an
// aligned run fits, and its page. Gives up after so many that have none.
static inline struct region* region_bins_search(const struct region_bins* bins, size_t longest_free, size_t pages,
                                                size_t alignment_pages, int tries, size_t* page) {
    size_t bin = page_bits_next_set(bins->filled, longest_free - 1);
    for (; bin < SLOT_PAGES; bin = page_bits_next_set(bins->filled, bin + 1)) {
        for (struct region* region = bins->of[bin]; region != NULL; region = region->next) {
            if (tries-- == 0) return NULL;
            *page = find_free_run(region, pages, alignment_pages);
            if (*page < SLOT_PAGES) return region;
        }
    }
    return NULL;
}

// A region with room for the run, and the page where it fits. A free run can be long enough and yet hold no aligned
// one. After a few of that kind only those are asked that are so long that they must: otherwise each of many blocks
// aligned to megabytes would search all before it.
static inline struct region* region_bins_find(const struct region_bins* bins, size_t pages, size_t alignment_pages,
                                              size_t* page) {
    enum { ALIGNED_TRIES = 8 };
    struct region* region = region_bins_search(bins, pages, pages, alignment_pages, ALIGNED_TRIES, page);
    if (region != NULL) return region;
    // An empty region has every run that there can be.
    size_t surely = pages + alignment_pages - 1;
    return region_bins_search(bins, surely < SLOT_PAGES ? surely : SLOT_PAGES, pages, alignment_pages, 1, page);
}

#endif

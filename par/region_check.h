// region_check.h: what is true of each region. For region_check, under the lock of region.c.

#ifndef PAR_REGION_CHECK_H
#define PAR_REGION_CHECK_H

#include <stddef.h>

#include "par/invariant.h"
#include "par/page_bits.h"
#include "par/page_map.h"
#include "par/region.h"
#include "par/region_bins.h"
#include "par/region_runs.h"

static inline void region_check_one(const struct region* region) {
    size_t in_runs = 0;
    for (size_t page = 0; page < SLOT_PAGES; page++) {
        size_t pages = run_length(region, page);
        if (pages == 0) continue;
        check_invariant(page + pages <= SLOT_PAGES, "a run ends inside its region");
        check_invariant(page_bits_next_clear(region->used, page) >= page + pages,
                        "all pages of a run are marked as used");
        in_runs += pages;
    }
    check_invariant(in_runs == page_bits_count(region->used), "every used page belongs to one run");
    check_invariant(region->free_pages == SLOT_PAGES - in_runs, "a region counts its free pages");
    check_invariant(region->idle_pages == page_bits_count(region->idle), "a region counts its idle pages");
    check_invariant(region->longest_free == find_longest_free(region, SLOT_PAGES),
                    "a region knows its longest free run");
    for (size_t word = 0; word < PAGE_WORDS; word++) {
        check_invariant((region->used[word] & region->idle[word]) == 0, "an idle page is free");
    }
    check_invariant(page_map_mapping(region->mapping.start) == &region->mapping, "the page map leads to a region");
}

#endif

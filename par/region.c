// region.c: see region.h.

#include "par/region.h"

#include <string.h>

#include "par/extent.h"
#include "par/invariant.h"
#include "par/lock.h"
#include "par/metadata.h"
#include "par/os.h"

enum {
    IDLE_LEAST = 4 * SLOT_PAGES,     // pages that may always lie idle,
    IDLE_SHARE = 8,                  // or this part of those in use;
    GROWTH_IDLE_LEAST = SLOT_PAGES,  // the same when another region must be mapped,
    PEAK_SLACK_SHARE = 32,           // where idle pages may raise the peak by this part
    HUGE_FROM = 8,                   // regions; the first few are of ordinary pages
    ALIGNED_TRIES = 8,               // regions that may lack room for an aligned run before the search gives up
};

static struct lock lock = LOCK_FREE;           // guards everything below and the content of every region
static struct region* bins[SLOT_PAGES];        // bins[n - 1]: the regions whose longest free run has n pages
static uint64_t bins_filled[SLOT_PAGES / 64];  // a bit for each bin that is not empty
static struct region* unused_records;
static size_t region_count;
static size_t used_pages;
static size_t idle_pages;
static size_t used_peak;

// ---- The pages of one region ----

// The first page at or after `from` whose bit is set (flip 0) or clear (flip ~0); SLOT_PAGES when there is none.
static size_t next_page(const uint64_t* bitmap, size_t from, uint64_t flip) {
    if (from >= SLOT_PAGES) return SLOT_PAGES;
    size_t word = from / 64;
    uint64_t bits = (bitmap[word] ^ flip) & (~(uint64_t)0 << (from % 64));
    while (bits == 0) {
        if (++word == SLOT_PAGES / 64) return SLOT_PAGES;
        bits = bitmap[word] ^ flip;
    }
    return word * 64 + (size_t)__builtin_ctzll(bits);
}

static size_t next_set(const uint64_t* bitmap, size_t from) { return next_page(bitmap, from, 0); }
static size_t next_clear(const uint64_t* bitmap, size_t from) { return next_page(bitmap, from, ~(uint64_t)0); }

// First fit. Result: the first page of a free run, or SLOT_PAGES.
static size_t find_free_run(const struct region* region, size_t pages, size_t alignment_pages) {
    size_t start = next_clear(region->used, 0);
    while (start < SLOT_PAGES) {
        size_t end = next_set(region->used, start);
        size_t aligned = (start + alignment_pages - 1) / alignment_pages * alignment_pages;
        if (aligned + pages <= end) return aligned;
        start = next_clear(region->used, end);
    }
    return SLOT_PAGES;
}

static uint16_t find_longest_free(const struct region* region) {
    size_t longest = 0;
    for (size_t start = next_clear(region->used, 0); start < SLOT_PAGES;) {
        size_t end = next_set(region->used, start);
        if (end - start > longest) longest = end - start;
        start = next_clear(region->used, end);
    }
    return (uint16_t)longest;
}

// The bits of one word of a bitmap that belong to the pages from first to end - 1.
static uint64_t word_mask(size_t word, size_t first, size_t end) {
    size_t low = word * 64;
    uint64_t mask = ~(uint64_t)0;
    if (first > low) mask &= ~(uint64_t)0 << (first - low);
    if (end < low + 64) mask &= ~(uint64_t)0 >> (low + 64 - end);
    return mask;
}

static void mark_used(struct region* region, size_t first, size_t pages) {
    for (size_t word = first / 64; word <= (first + pages - 1) / 64; word++) {
        uint64_t mask = word_mask(word, first, first + pages);
        idle_pages -= (size_t)__builtin_popcountll(region->idle[word] & mask);
        region->used[word] |= mask;
        region->idle[word] &= ~mask;
    }
    used_pages += pages;
    if (used_pages > used_peak) used_peak = used_pages;
    region->free_pages -= (uint16_t)pages;
}

static void mark_idle(struct region* region, size_t first, size_t pages) {
    for (size_t word = first / 64; word <= (first + pages - 1) / 64; word++) {
        uint64_t mask = word_mask(word, first, first + pages);
        region->used[word] &= ~mask;
        region->idle[word] |= mask;
    }
    used_pages -= pages;
    idle_pages += pages;
    region->free_pages += (uint16_t)pages;
}

static void purge(struct region* region) {
    for (size_t start = next_set(region->idle, 0); start < SLOT_PAGES;) {
        size_t end = next_clear(region->idle, start);
        os_purge(region->mapping.start + start * PAGE_BYTES, (end - start) * PAGE_BYTES);
        idle_pages -= end - start;
        start = next_set(region->idle, end);
    }
    memset(region->idle, 0, sizeof region->idle);
}

// ---- The regions together ----

static void bin_add(struct region* region) {
    if (region->longest_free == 0) return;
    size_t bin = region->longest_free - 1;
    region->previous = NULL;
    region->next = bins[bin];
    if (bins[bin] != NULL) bins[bin]->previous = region;
    bins[bin] = region;
    bins_filled[bin / 64] |= (uint64_t)1 << (bin % 64);
}

static void bin_remove(struct region* region) {
    if (region->longest_free == 0) return;
    size_t bin = region->longest_free - 1;
    if (region->previous == NULL) {
        bins[bin] = region->next;
        if (region->next == NULL) bins_filled[bin / 64] &= ~((uint64_t)1 << (bin % 64));
    } else {
        region->previous->next = region->next;
    }
    if (region->next != NULL) region->next->previous = region->previous;
}

static struct region* record_take(void) {
    struct region* region = unused_records;
    if (region == NULL) return metadata_take(sizeof *region);
    unused_records = region->next;
    memset(region, 0, sizeof *region);
    return region;
}

static void record_give(struct region* region) {
    region->next = unused_records;
    unused_records = region;
}

// Purges region after region until at most so many pages lie idle. Those with the longest free runs come first, for
// they are used last.
static void purge_down(size_t goal_pages) {
    for (size_t bin = SLOT_PAGES; bin-- > 0 && idle_pages > goal_pages;) {
        for (struct region* region = bins[bin]; region != NULL && idle_pages > goal_pages; region = region->next) {
            purge(region);
        }
    }
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

// Before memory is mapped for a region, so much of what is idle goes that the peak rises by little more than what is
// used.
static void make_room_for_region(void) {
    size_t wanted = used_pages + SLOT_PAGES;
    size_t peak = larger(wanted, used_peak);
    size_t idle_most = larger(peak + peak / PEAK_SLACK_SHARE - wanted, GROWTH_IDLE_LEAST);
    if (idle_pages > idle_most) purge_down(idle_most / 2);
}

static struct region* region_map(void) {
    make_room_for_region();
    struct region* region = record_take();
    if (region == NULL) return NULL;
    struct slots slot = extent_take(1, SLOT_BYTES);
    if (slot.start == NULL) {
        record_give(region);
        return NULL;
    }
    region->mapping.kind = MAPPING_REGION;
    region->mapping.start = slot.start;
    page_map_add(&region->mapping);
    if (!slot.is_zero) {
        memset(region->idle, 0xff, sizeof region->idle);
        idle_pages += SLOT_PAGES;
    } else if (region_count >= HUGE_FROM) {
        // A program that needs little memory shall neither pay for clearing 2 MiB at its first xmalloc, nor be rounded
        // up to a whole slot.
        os_advise_huge(region->mapping.start, SLOT_BYTES);
    }
    region_count++;
    region->free_pages = SLOT_PAGES;
    region->longest_free = SLOT_PAGES;
    bin_add(region);
    return region;
}

static void region_unmap(struct region* region) {
    bin_remove(region);
    page_map_remove(&region->mapping);
    for (size_t word = 0; word < SLOT_PAGES / 64; word++) {
        idle_pages -= (size_t)__builtin_popcountll(region->idle[word]);
    }
    region_count--;
    extent_give(region->mapping.start, 1);
    record_give(region);
}

// Among regions whose longest free run has so many pages or more, those that have the least room first: one where an
// aligned run fits, and its page. Gives up after so many that have none.
static struct region* search(size_t longest_free, size_t pages, size_t alignment_pages, int tries, size_t* page) {
    size_t bin = next_set(bins_filled, longest_free - 1);
    for (; bin < SLOT_PAGES; bin = next_set(bins_filled, bin + 1)) {
        for (struct region* region = bins[bin]; region != NULL; region = region->next) {
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
static struct region* find_region(size_t pages, size_t alignment_pages, size_t* page) {
    struct region* region = search(pages, pages, alignment_pages, ALIGNED_TRIES, page);
    if (region == NULL) region = search(pages + alignment_pages - 1, pages, alignment_pages, 1, page);
    if (region != NULL) return region;
    *page = 0;
    return region_map();
}

struct run region_take_run(size_t pages, size_t alignment_pages) {
    struct run run = {.start = NULL};
    lock_take(&lock);
    size_t page;
    struct region* region = find_region(pages, alignment_pages, &page);
    if (region != NULL) {
        bin_remove(region);
        run.region = region;
        run.start = region->mapping.start + page * PAGE_BYTES;
        run.is_zero = next_set(region->idle, page) >= page + pages;
        mark_used(region, page, pages);
        region->run_pages[page] = (uint16_t)pages;
        region->longest_free = find_longest_free(region);
        bin_add(region);
    }
    lock_give(&lock);
    return run;
}

static void purge_if_much_is_idle(void) {
    size_t idle_most = larger(used_pages / IDLE_SHARE, IDLE_LEAST);
    // Well below the limit, so that it is not reached again at once.
    if (idle_pages > idle_most) purge_down(idle_most / 2);
}

void region_give_run(struct region* region, char* start) {
    lock_take(&lock);
    size_t page = (size_t)(start - region->mapping.start) / PAGE_BYTES;
    size_t pages = region->run_pages[page];
    bin_remove(region);
    mark_idle(region, page, pages);
    region->run_pages[page] = 0;
    region->longest_free = find_longest_free(region);
    bin_add(region);
    if (region->free_pages == SLOT_PAGES) region_unmap(region);
    purge_if_much_is_idle();
    lock_give(&lock);
}

bool region_resize_run(struct region* region, char* start, size_t pages) {
    lock_take(&lock);
    size_t first = (size_t)(start - region->mapping.start) / PAGE_BYTES;
    size_t old_pages = region->run_pages[first];
    bool fits = pages <= old_pages ||
                (first + pages <= SLOT_PAGES && next_set(region->used, first + old_pages) >= first + pages);
    if (fits && pages != old_pages) {
        bin_remove(region);
        if (pages > old_pages) {
            mark_used(region, first + old_pages, pages - old_pages);
        } else {
            mark_idle(region, first + pages, old_pages - pages);
        }
        region->run_pages[first] = (uint16_t)pages;
        region->longest_free = find_longest_free(region);
        bin_add(region);
        purge_if_much_is_idle();
    }
    lock_give(&lock);
    return fits;
}

size_t region_run_pages(const struct region* region, const char* start) {
    size_t offset = (size_t)(start - region->mapping.start);
    return offset % PAGE_BYTES == 0 ? region->run_pages[offset / PAGE_BYTES] : 0;
}

void region_lock(void) { lock_take(&lock); }

void region_unlock(void) { lock_give(&lock); }

static size_t count_bits(const uint64_t* bitmap) {
    size_t count = 0;
    for (size_t word = 0; word < SLOT_PAGES / 64; word++) count += (size_t)__builtin_popcountll(bitmap[word]);
    return count;
}

static void check_one(const struct region* region) {
    size_t in_runs = 0;
    for (size_t page = 0; page < SLOT_PAGES; page++) {
        size_t pages = region->run_pages[page];
        if (pages == 0) continue;
        check_invariant(page + pages <= SLOT_PAGES, "a run ends inside its region");
        check_invariant(next_clear(region->used, page) >= page + pages, "all pages of a run are marked as used");
        in_runs += pages;
    }
    check_invariant(in_runs == count_bits(region->used), "every used page belongs to one run");
    check_invariant(region->free_pages == SLOT_PAGES - in_runs, "a region counts its free pages");
    check_invariant(region->longest_free == find_longest_free(region), "a region knows its longest free run");
    for (size_t word = 0; word < SLOT_PAGES / 64; word++) {
        check_invariant((region->used[word] & region->idle[word]) == 0, "an idle page is free");
    }
    check_invariant(page_map_mapping(region->mapping.start) == &region->mapping, "the page map leads to a region");
}

void region_check(void) {
    size_t idle = 0;
    lock_take(&lock);
    for (size_t bin = 0; bin < SLOT_PAGES; bin++) {
        bool filled = (bins_filled[bin / 64] >> (bin % 64) & 1) != 0;
        check_invariant(filled == (bins[bin] != NULL), "the bitmap of bins says which are filled");
        for (const struct region* region = bins[bin]; region != NULL; region = region->next) {
            check_invariant(region->longest_free == bin + 1, "a region is in the bin of its longest free run");
            check_one(region);
            idle += count_bits(region->idle);
            check_invariant(region->free_pages < SLOT_PAGES, "an empty region is given back");
        }
    }
    check_invariant(idle == idle_pages, "idle pages are counted");
    lock_give(&lock);
}

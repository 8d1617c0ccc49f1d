// region.c: see region.h.

#include "par/region.h"

#include <string.h>

#include "par/estimate.h"
#include "par/extent.h"
#include "par/far_data.h"
#include "par/idle.h"
#include "par/invariant.h"
#include "par/lock.h"
#include "par/metadata.h"
#include "par/os.h"
#include "par/page_bits.h"
#include "par/region_bins.h"
#include "par/region_check.h"
#include "par/region_idle_list.h"
#include "par/region_runs.h"
#include "par/run_notes.h"
#include "par/small_heap.h"

enum {
    CALLS_MOST = 2,        // of the system, before one call gives up no more pages, so that it does not take long
    PURGERS = 8,           // threads that give up pages at the same time, at most
    SLOTS_MOST = 16,       // that one call unmaps
    PAYMENTS_MOST = 1024,  // of an ending thread
    IDLE_TRIES = 32,       // regions with much room that are asked for idle pages first
    SHORT_MOST = 128,      // pages of a short run; no span has more
    HOLES_FROM = 64,       // pages of a run that is to leave no hole
    MISSED_LEAST = 4,      // regions, before one stays that is empty
};

// The regions of one use.
struct kind {
    struct region_bins bins;
    size_t used_pages;
    unsigned missed;  // regions that were mapped when the last run that was given back had emptied one
    bool one_went;
    struct density densities[2];  // of regions that a short run needed, and a long one; shared without the lock
};

// Nested like this: who holds both has taken the first one first.
static struct lock purge_locks[PURGERS];  // a thread holds one while it gives up pages; only a fork waits for them
static struct lock lock = LOCK_FREE;      // guards everything below and the content of every region
FAR_DATA _Alignas(LINE_BYTES) struct kind region_kinds[REGION_USES];
static struct region_idle_list idle_list;
static struct region* unused_records;
static size_t idle_pages;
static const struct idle_rule rule = {
    .least = 4 * SLOT_PAGES, .share = 8, .lately = 256 * SLOT_PAGES, .growth = 2 * SLOT_PAGES, .scatter = 4};
static struct use in_use;
static size_t purge_goal = SIZE_MAX;  // so many may lie idle, while pages are given up

// What is not paid yet, of enum region_owes. Every slow path reads it, and hardly any writes: it has its line alone.
static struct { _Alignas(LINE_BYTES) atomic_size_t owed; } debts;

// ---- The pages of one region ----

static void add_idle(struct region* region, size_t first, size_t pages) {
    if (region->idle_pages == 0) region_idle_list_add(&idle_list, region);
    page_bits_set(region->idle, first, pages);
    region->idle_pages += (uint16_t)pages;
    idle_pages += pages;
}

static void remove_idle(struct region* region, size_t first, size_t pages) {
    size_t were_idle = page_bits_clear(region->idle, first, pages);
    if (were_idle == 0) return;
    region->idle_pages -= (uint16_t)were_idle;
    idle_pages -= were_idle;
    if (region->idle_pages == 0) region_idle_list_remove(&idle_list, region);
}

// Result: how many of the pages have no memory yet.
static size_t mark_used(struct region* region, size_t first, size_t pages) {
    size_t idle_before = idle_pages;
    run_notes_look(region, first, pages);
    remove_idle(region, first, pages);
    page_bits_set(region->used, first, pages);
    in_use.now += pages;
    small_heap_note(in_use.now);
    region_kinds[region->use].used_pages += pages;
    region->free_pages -= (uint16_t)pages;
    region_bins_took(&region_kinds[region->use].bins, region, first, pages);
    return pages - (idle_before - idle_pages);
}

static void mark_free(struct region* region, size_t first, size_t pages) {
    page_bits_clear(region->used, first, pages);
    in_use.now -= pages;
    region_kinds[region->use].used_pages -= pages;
    region->free_pages += (uint16_t)pages;
    region_bins_gave(&region_kinds[region->use].bins, region, first, pages);
}

// ---- The regions together ----

static struct region* record_take(void) {
    lock_take(&lock);
    struct region* region = unused_records;
    if (region != NULL) unused_records = region->next;
    lock_give(&lock);
    if (region == NULL) return metadata_take(sizeof *region);
    memset(region, 0, sizeof *region);
    return region;
}

static void record_give(struct region* region) {
    lock_take(&lock);
    region->next = unused_records;
    unused_records = region;
    lock_give(&lock);
}

// A new region, which no other thread knows yet. No lock may be held: this waits for the system.
static struct region* region_map(enum region_use use, size_t run_pages) {
    struct region* region = record_take();
    if (region == NULL) return NULL;
    struct slots slot = extent_take(1);
    size_t pages = SLOT_PAGES;
    if (slot.start == NULL) slot.start = extent_map_part(&pages);
    if (slot.start == NULL) {
        record_give(region);
        return NULL;
    }
    region->mapping.kind = MAPPING_REGION;
    region->mapping.start = slot.start;
    region->use = use;
    region->density = &region_kinds[use].densities[run_pages > SHORT_MOST];
    region->free_pages = SLOT_PAGES;
    if (pages == SLOT_PAGES && slot.is_zero) {
        region->may_be_huge = density_of_next(region->density, 1, use == REGION_OF_SPANS) == DENSITY_HIGH;
        if (region->may_be_huge) {
            os_advise_huge(slot.start, SLOT_BYTES);
        } else {
            density_watch(region->density, slot.start);
        }
    }
    page_map_add(&region->mapping);
    lock_take(&lock);
    region_bins_add(&region_kinds[use].bins, region, SLOT_PAGES);
    if (pages < SLOT_PAGES) {
        // What is missing is a run that nobody gives back.
        (void)mark_used(region, pages, SLOT_PAGES - pages);
        run_set(region, pages, SLOT_PAGES - pages);
    } else if (!slot.is_zero) {
        region->may_be_huge = true;
        add_idle(region, 0, SLOT_PAGES);
        use_taken(&in_use, SLOT_PAGES);
    }
    bool is_missed = region_kinds[use].one_went;
    region_kinds[use].one_went = false;
    lock_give(&lock);
    // What is not fresh came without new addresses, and shall cost no system call.
    if (is_missed && !(slot.is_zero ? extent_addresses_are_limited() : extent_addresses_were_limited())) {
        lock_take(&lock);
        region_kinds[use].missed++;
        lock_give(&lock);
    }
    return region;
}

// Where regions went and were missed, one that is empty stays for the next run, until its pages are purged.
static bool is_surplus(const struct region* region) {
    if (region->free_pages < SLOT_PAGES) return false;
    const struct kind* kind = &region_kinds[region->use];
    return kind->missed < MISSED_LEAST || kind->bins.of[SLOT_PAGES - 1] != region || region->next != NULL;
}

// Takes an empty region out of all lists. Then it is the caller's alone, who unmaps it without a lock.
static void detach(struct region* region) {
    region_bins_remove(&region_kinds[region->use].bins, region);
    region->first_line = run_notes_leave(region);
    remove_idle(region, 0, SLOT_PAGES);
}

// Result: whether too many slots lie idle now.
static bool region_leave(struct region* region) {
    page_map_remove(&region->mapping);
    density_forget(region->density, region->mapping.start, !region->was_purged);
    bool are_too_many = extent_keep(region->mapping.start, 1, region->first_line);
    record_give(region);
    return are_too_many;
}

// ---- Giving up what lies idle ----

// Of the region that will be used last, because it has the longest free runs, the longest idle one. Where the first few
// of those have no idle pages, the region that has had some for longest.
static struct region* find_idle(void) {
    int tries = IDLE_TRIES;
    for (int use = 0; use < REGION_USES; use++) {
        for (size_t bin = SLOT_PAGES; bin-- > 0 && tries > 0;) {
            if ((region_kinds[use].bins.filled[bin / 64] >> (bin % 64) & 1) == 0) continue;
            for (struct region* region = region_kinds[use].bins.of[bin]; region != NULL && tries-- > 0;
                 region = region->next) {
                if (region->idle_pages > 0) return region;
            }
        }
    }
    return idle_list.first;
}

// A run of idle pages becomes a run in use while the system takes its memory: so nobody else can take it. Result: start
// is NULL when nothing lies idle, or only what may be huge.
static struct run take_idle_run(size_t* pages, bool takes_huge) {
    struct run run = {.region = find_idle()};
    *pages = 0;
    if (run.region == NULL || (run.region->may_be_huge && !takes_huge)) return run;
    size_t first = find_longest_idle(run.region, pages);
    run.start = run.region->mapping.start + first * PAGE_BYTES;
    (void)mark_used(run.region, first, *pages);
    run_set(run.region, first, *pages);
    return run;
}

// Result: whether the region is empty now, and detached.
static bool give_purged_run(struct run run, size_t pages) {
    size_t first = region_page_of(run.region, run.start);
    mark_free(run.region, first, pages);
    run_set(run.region, first, 0);
    if (run.region->free_pages < SLOT_PAGES) return false;
    region_kinds[run.region->use].missed = 0;
    detach(run.region);
    return true;
}

// Gives up one run of pages. Result: how many; 0 when there was none. Counts its calls of the system.
static size_t purge_one(int* calls) {
    size_t pages;
    lock_take(&lock);
    struct run run = take_idle_run(&pages, *calls + 2 <= CALLS_MOST);
    bool is_huge = run.start != NULL && run.region->may_be_huge;
    if (is_huge) run.region->may_be_huge = false;
    if (run.start != NULL) run.region->was_purged = true;
    lock_give(&lock);
    if (run.start == NULL) return 0;
    if (is_huge) os_advise_ordinary(run.region->mapping.start, SLOT_BYTES);
    os_purge(run.start, pages * PAGE_BYTES);
    *calls += is_huge ? 2 : 1;
    lock_take(&lock);
    bool is_empty = give_purged_run(run, pages);
    lock_give(&lock);
    if (is_empty && region_leave(run.region)) region_owe(OWES_SLOTS);
    return pages;
}

// Whether the caller must purge when it has given the lock: too much lies idle, or did and is not well below that yet.
static bool must_purge(size_t idle_most) {
    if (idle_pages > idle_most) purge_goal = idle_most / 4 * 3;
    if (idle_pages <= purge_goal) purge_goal = SIZE_MAX;
    return purge_goal < SIZE_MAX;
}

// Who frees also gives up, so that a thread that was put aside in the middle of it does not let the others' pages pile
// up. Result: whether there are more to give up.
static bool purge_some(void) {
    for (int i = 0; i < PURGERS; i++) {
        if (!lock_try(&purge_locks[i])) continue;
        for (int calls = 0; calls < CALLS_MOST && purge_one(&calls) > 0;) continue;
        lock_give(&purge_locks[i]);
        break;
    }
    lock_take(&lock);
    bool must = must_purge(SIZE_MAX);
    lock_give(&lock);
    return must;
}

void region_owe(enum region_owes owes) {
    size_t before = estimate(&debts.owed);
    if ((before | owes) != before) estimate_set(&debts.owed, before | owes);
}

void region_pay(void) {
    static atomic_size_t turn;
    size_t owes = estimate(&debts.owed);
    if (owes == OWES_NOTHING) return;
    bool pays_slots = owes == OWES_SLOTS || (owes == (OWES_SLOTS | OWES_PAGES) && estimate_add(&turn, 1) % 2 == 0);
    bool owes_more = pays_slots ? extent_give_excess(SLOTS_MOST) : purge_some();
    if (!owes_more) estimate_set(&debts.owed, owes & ~(size_t)(pays_slots ? OWES_SLOTS : OWES_PAGES));
}

// ---- Runs ----

// Takes the run if a region has room. is_fresh: a region was mapped for it; then what lies idle goes, so that the peak
// rises by little more than what is used. Sets purge when the caller must.
static struct run take_mapped(enum region_use use, size_t pages, size_t alignment_pages, bool is_fresh, bool* purge) {
    struct run run = {.start = NULL};
    size_t page;
    lock_take(&lock);
    struct region* region = region_bins_find(&region_kinds[use].bins, pages, alignment_pages, &page);
    if (region != NULL) {
        run.region = region;
        run.start = region->mapping.start + page * PAGE_BYTES;
        run.is_zero = page_bits_next_set(region->idle, page) >= page + pages;
        size_t fresh = mark_used(region, page, pages);
        run_set(region, page, pages);
        run_notes_begin(region, page);
        use_taken(&in_use, fresh);
        *purge = must_purge(is_fresh && fresh > 0 ? idle_most_when_growing(&in_use, &rule) : SIZE_MAX);
    }
    lock_give(&lock);
    return run;
}

struct run region_take_run(size_t pages, size_t alignment_pages, enum region_use use) {
    bool purge = false;
    struct run run = take_mapped(use, pages, alignment_pages, false, &purge);
    // What would leave a hole in a region that nobody can fill must not, where addresses are few: see large.h.
    bool is_elsewhere =
        use != REGION_OF_SPANS && pages >= HOLES_FROM && run.start == NULL && extent_addresses_are_few_for_slot();
    // Another thread may take all of a new region before this one does.
    while (run.start == NULL && !is_elsewhere && region_map(use, pages) != NULL)
        run = take_mapped(use, pages, alignment_pages, true, &purge);
    for (int other = 0; other < REGION_USES && run.start == NULL; other++)
        run = take_mapped((enum region_use)other, pages, alignment_pages, false, &purge);
    if (purge) region_owe(OWES_PAGES);
    return run;
}

struct run region_take_mapped_run(size_t pages, size_t alignment_pages, enum region_use use) {
    bool purge = false;
    struct run run = take_mapped(use, pages, alignment_pages, false, &purge);
    if (purge) region_owe(OWES_PAGES);
    return run;
}

// Whether the caller, who has given so many pages back, must purge.
static bool gave(size_t pages) {
    use_given(&in_use, &rule, pages);
    return must_purge(idle_most(&in_use, &rule));
}

void region_return_run(struct region* region, char* start) {
    lock_take(&lock);
    size_t page = region_page_of(region, start);
    size_t pages = run_length(region, page);
    run_notes_end(region, page);
    mark_free(region, page, pages);
    add_idle(region, page, pages);
    run_set(region, page, 0);
    bool goes = is_surplus(region);
    if (goes) detach(region);
    region_kinds[region->use].one_went = goes;
    bool purge = gave(pages);
    lock_give(&lock);
    if (purge) region_owe(OWES_PAGES);
    if (goes && region_leave(region)) region_owe(OWES_SLOTS);
}

void region_give_run(struct region* region, char* start) {
    region_return_run(region, start);
    region_pay();
}

enum resized region_resize_run(struct region* region, char* start, size_t pages) {
    lock_take(&lock);
    size_t first = region_page_of(region, start);
    size_t old_pages = run_length(region, first);
    bool fits = pages <= old_pages ||
                (first + pages <= SLOT_PAGES && page_bits_next_set(region->used, first + old_pages) >= first + pages);
    bool purge = false;
    bool is_zero = false;
    if (fits && pages != old_pages) {
        if (pages > old_pages) {
            size_t fresh = mark_used(region, first + old_pages, pages - old_pages);
            is_zero = fresh == pages - old_pages;
            use_taken(&in_use, fresh);
        } else {
            mark_free(region, first + pages, old_pages - pages);
            add_idle(region, first + pages, old_pages - pages);
        }
        run_set(region, first, pages);
        purge = gave(pages < old_pages ? old_pages - pages : 0);
    }
    lock_give(&lock);
    if (purge) region_owe(OWES_PAGES);
    region_pay();
    return !fits ? NOT_RESIZED : is_zero ? GROWN_INTO_ZEROS : RESIZED;
}

void region_pay_all(void) {
    for (int times = 0; times < PAYMENTS_MOST && estimate(&debts.owed) != OWES_NOTHING; times++) region_pay();
}

void region_decay(unsigned times) {
    lock_take(&lock);
    while (times-- > 0) use_end_time(&in_use);
    bool purge = must_purge(idle_most(&in_use, &rule));
    lock_give(&lock);
    if (purge) region_owe(OWES_PAGES);
}

size_t region_block_pages(void) {
    lock_take(&lock);
    size_t pages = 0;
    for (int use = REGION_OF_BLOCKS; use < REGION_USES; use++) pages += region_kinds[use].used_pages;
    lock_give(&lock);
    return pages;
}

size_t region_purge_all(void) {
    size_t all = 0;
    size_t pages;
    lock_take(&purge_locks[0]);
    for (int calls = 0; (pages = purge_one(&calls)) > 0; calls = 0) all += pages;
    lock_give(&purge_locks[0]);
    return all;
}

void region_lock(void) {
    for (int i = 0; i < PURGERS; i++) lock_take(&purge_locks[i]);
    lock_take(&lock);
}

void region_unlock(void) {
    lock_give(&lock);
    for (int i = 0; i < PURGERS; i++) lock_give(&purge_locks[i]);
}

static size_t check_kind(const struct kind* kind) {
    size_t idle = 0;
    for (size_t bin = 0; bin < SLOT_PAGES; bin++) {
        bool filled = (kind->bins.filled[bin / 64] >> (bin % 64) & 1) != 0;
        check_invariant(filled == (kind->bins.of[bin] != NULL), "the bitmap of bins says which are filled");
        for (const struct region* region = kind->bins.of[bin]; region != NULL; region = region->next) {
            check_invariant(region->longest_free == bin + 1, "a region is in the bin of its longest free run");
            check_invariant(&region_kinds[region->use] == kind, "a region is among those of its use");
            region_check_one(region);
            idle += region->idle_pages;
        }
    }
    return idle;
}

void region_check(void) {
    lock_take(&lock);
    size_t idle = 0;
    for (int use = 0; use < REGION_USES; use++) idle += check_kind(&region_kinds[use]);
    check_invariant(idle == idle_pages, "idle pages are counted");
    size_t listed = 0;
    for (const struct region* region = idle_list.first; region != NULL; region = region->next_idle) {
        check_invariant(region->idle_pages > 0, "only regions with idle pages are in the list of those");
        listed += region->idle_pages;
    }
    check_invariant(listed == idle_pages, "every region with idle pages is in the list of those");
    lock_give(&lock);
}

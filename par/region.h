// region.h: 2 MiB pieces of the address space, cut into runs of pages.
//
// A run is either a span (small blocks of one class; span.h) or one medium block. A region knows its used pages and the
// length of each run. It also holds the records of its spans, so it writes nothing into the pages themselves. A freed
// run can serve again for any purpose. A region without runs goes back to extent.h, but for one where regions went and
// were soon missed. When too much lies idle in regions that are still in use, it is purged: the addresses stay, and the
// pages go. Too much is more than will probably be used again (idle.h) and 8 MiB, or an eighth of the pages in use,
// beside it. No lock that others need is held meanwhile, and no call gives up much (region_pay).
//
// Spans and medium blocks have regions of their own, because they fill them differently: a new region gets huge pages
// only where an earlier one of its kind was found full of touched pages. Sparse medium blocks have regions by their
// length, too (bands.h).

#ifndef PAR_REGION_H
#define PAR_REGION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "par/density.h"
#include "par/page_map.h"
#include "par/span_record.h"

enum {
    MEDIUM_MOST_PAGES = SLOT_PAGES,  // a larger block gets slots of its own
    REGION_BANDS = 5,
};

// What the runs of a region are: spans, medium blocks, or such of about one length (bands.h).
enum region_use { REGION_OF_SPANS, REGION_OF_BLOCKS, REGION_OF_BAND, REGION_USES = REGION_OF_BAND + REGION_BANDS };

struct region {
    struct mapping mapping;
    enum region_use use;
    struct region* next;  // among the regions whose longest free run is alike, or among the records not in use
    struct region* previous;
    struct region* next_idle;  // among the regions with idle pages
    struct region* previous_idle;
    uint64_t used[SLOT_PAGES / 64];  // a bit for each page
    uint64_t idle[SLOT_PAGES / 64];  // a bit for each free page that was used before and so still occupies memory
    // At the first page of a run its length, elsewhere 0 (region_runs.h).
    _Atomic uint16_t run_entries[SLOT_PAGES];
    uint64_t noted[SLOT_PAGES / 64];  // a bit for each free page at which a block began, whose first line is noted
    uint32_t first_line;              // of a freed block that began at its start, once it is empty and goes
    uint32_t notes[SLOT_GRANULES];    // of blocks and of freed ones (run_notes.h)
    uint16_t free_pages;
    uint16_t idle_pages;
    bool was_purged;
    bool may_be_huge;                   // the kernel may back it by a huge page
    struct density* density;            // of its kind
    uint16_t longest_free;              // pages in the longest run that is free
    uint8_t span_first[SLOT_GRANULES];  // for each granule of a span, the granule where the span begins
    struct span spans[SLOT_GRANULES];   // for the granule where a span begins, its record
    char rest[128];  // a little more than two pages: in a chunk of metadata.c all but the spans lies in one page then
};

struct run {
    char* start;
    struct region* region;
    bool is_zero;  // nothing was written to it since the system gave it; otherwise its content is undefined
};

// Takes a run of pages.
//
// pages: 1 to MEDIUM_MOST_PAGES. alignment_pages: a power of two up to MEDIUM_MOST_PAGES; a run that is aligned to a
// granule goes to the back of its region, all others to the front. use: what for.
// Result: where the run is; start is NULL when there is no memory. O(1) in the number of regions but for bad luck with
// alignment. What idles too much then is owed (region_pay). Thread-safe.
struct run region_take_run(size_t pages, size_t alignment_pages, enum region_use use);

// The same where a region of this use has room that is mapped; otherwise start is NULL.
struct run region_take_mapped_run(size_t pages, size_t alignment_pages, enum region_use use);

// Gives a run back, whole, also one that was kept. Thread-safe.
void region_give_run(struct region* region, char* start);

// The same for who gives several, and pays after the last.
void region_return_run(struct region* region, char* start);

// What lies idle and had better go back to the system: pages of regions, and slots. Who finds it notes it; every slow
// path pays, also for others, at most two calls of the system. So no call takes long, and what many frees left together
// goes within as many calls. No lock may be held. Thread-safe.
enum region_owes { OWES_NOTHING = 0, OWES_PAGES = 1, OWES_SLOTS = 2 };
void region_owe(enum region_owes owes);
void region_pay(void);

// Pays all of it, unless that takes very long: for a thread that ends, and may be the last that comes.
void region_pay_all(void);

enum resized { NOT_RESIZED, RESIZED, GROWN_INTO_ZEROS };

// Changes the length of a run where it stands. pages: 1 or more.
// Result: NOT_RESIZED when the pages behind it are in use; then nothing has changed. Whether it got pages that hold
// zeros, as in struct run. The caller owns the run; thread-safe otherwise.
enum resized region_resize_run(struct region* region, char* start, size_t pages);

// The pages in all runs that are no spans. Thread-safe.
size_t region_block_pages(void);

// Time has passed, and so many times (idle.h) have ended. Thread-safe.
void region_decay(unsigned times);

// Gives up all idle pages. Result: how many. Thread-safe.
size_t region_purge_all(void);

void region_lock(void);  // for fork.c
void region_unlock(void);

// For check.c: checks all records of this part, under its lock.
void region_check(void);

#endif

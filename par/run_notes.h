// run_notes.h: what a region notes of the blocks in its runs.
//
// A live block has its bytes and what lies behind them (slack.h); one that was freed has its first line (first_line.h).
// There is a note for each granule, and a block has that of the granule where it begins, for most blocks are longer
// than one. Shorter runs, of small blocks with a large alignment, have no note.
//
// The owner of a run reads and writes its note without a lock. Once it is given back, it is a bit of `noted` that says
// so, under the lock of region.c.

#ifndef PAR_RUN_NOTES_H
#define PAR_RUN_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "par/first_line.h"
#include "par/page_bits.h"
#include "par/region.h"
#include "par/region_runs.h"
#include "par/slack.h"

enum { SLACK_SHIFT = 29 };  // in the note of a live block, above its bytes

static inline uint32_t* run_note(struct region* region, size_t page) { return &region->notes[page / GRANULE_PAGES]; }

static inline bool run_has_note(const struct region* region, size_t page) {
    return run_length(region, page) >= GRANULE_PAGES;
}

// ---- For the owner of a run

static inline struct used run_used(struct region* region, const char* start) {
    size_t page = region_page_of(region, start);
    uint32_t note = *run_note(region, page);
    if (!pages_are_watched() || !run_has_note(region, page))
        return (struct used){run_length(region, page) * PAGE_BYTES, SLACK_UNKNOWN};
    return (struct used){note % (1U << SLACK_SHIFT), (enum slack)(note >> SLACK_SHIFT)};
}

static inline void run_set_used(struct region* region, const char* start, struct used used) {
    size_t page = region_page_of(region, start);
    if (run_has_note(region, page))
        *run_note(region, page) = (uint32_t)used.bytes | (uint32_t)used.slack << SLACK_SHIFT;
}

// The run is a block of so many bytes now. behind: as for slack_seal.
static inline void run_use(struct region* region, char* start, size_t bytes, enum slack behind) {
    if (run_has_note(region, region_page_of(region, start)))
        run_set_used(region, start, slack_seal(start, bytes, behind));
}

// The block was freed. is_watched: its first line will be looked at.
static inline void run_note_freed(struct region* region, const char* start, bool is_watched) {
    size_t page = region_page_of(region, start);
    if (run_has_note(region, page)) *run_note(region, page) = is_watched ? first_line_of_freed(start) : NO_LINE;
}

// It is a block again, of so many bytes, and nobody else had it. Ends the process when it was written to meanwhile.
static inline void run_use_again(struct region* region, char* start, size_t bytes, bool is_watched) {
    size_t page = region_page_of(region, start);
    if (run_has_note(region, page)) first_line_look(start, *run_note(region, page));
    if (is_watched) {
        run_use(region, start, bytes, SLACK_UNKNOWN);
    } else {
        run_set_used(region, start, (struct used){bytes, SLACK_UNKNOWN});
    }
}

// ---- For who holds the lock of region.c

// A run has been taken; its block has no note yet. What is no block never gets one.
static inline void run_notes_begin(struct region* region, size_t page) {
    if (run_has_note(region, page)) *run_note(region, page) = NO_LINE;
}

// A run is given back.
static inline void run_notes_end(struct region* region, size_t page) {
    if (run_has_note(region, page) && *run_note(region, page) != NO_LINE) page_bits_set(region->noted, page, 1);
}

// Free pages are taken: ends the process when a freed block that began in them was written to. One that began before
// them in the same granule is looked at as well, for its note will be another's.
static inline void run_notes_look(struct region* region, size_t first, size_t pages) {
    size_t page = page_bits_next_set(region->noted, first / GRANULE_PAGES * GRANULE_PAGES);
    for (; page < first + pages; page = page_bits_next_set(region->noted, page + 1)) {
        page_bits_clear(region->noted, page, 1);
        first_line_look(region->mapping.start + page * PAGE_BYTES, *run_note(region, page));
    }
}

// An empty region goes. Result: the first line of a freed block that began where it does, or NO_LINE.
static inline uint32_t run_notes_leave(struct region* region) {
    uint32_t line = page_bits_next_set(region->noted, 0) == 0 ? *run_note(region, 0) : NO_LINE;
    run_notes_look(region, 0, SLOT_PAGES);
    return line;
}

#endif

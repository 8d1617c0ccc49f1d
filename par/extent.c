// extent.c: see extent.h.

#include "par/extent.h"

#include <stdint.h>
#include <string.h>

#include "par/bare.h"
#include "par/freed_slots.h"
#include "par/harden.h"
#include "par/idle.h"
#include "par/invariant.h"
#include "par/lock.h"
#include "par/metadata.h"
#include "par/os.h"
#include "par/page_map.h"

enum {
    APART_PLACES = 256,  // that are tried one after the other
    BINS = 64,           // the last one holds all extents of so many slots or more
    PART_PAGES = 16,     // by so many pages is a part of a slot tried shorter
    MOVED_MOST = 64,     // slots whose pages one call moves, so that it does not take long
};

// Slots that no extent has and nobody uses.
struct piece {
    char* start;  // NULL for none
    size_t slots;
};

struct extent {
    char* start;
    size_t slots;
    struct extent* next;  // in its bin, or among the records not in use
    struct extent* previous;
};

static struct lock lock = LOCK_FREE;  // guards all below and the page map's entries for free extents
static struct extent* bins[BINS];     // by the number of slots, shortest first
static uint64_t bins_filled;          // a bit for each bin that is not empty
static struct extent* unused_records;
static size_t idle_slots;
// Slots. Nothing lies where it does not fit, for pages can be moved.
static const struct idle_rule rule = {.least = 2, .share = 32, .lately = 256, .growth = 0, .scatter = SIZE_MAX};
static struct use in_use;

static size_t bin_of(size_t slots) { return slots < BINS ? slots - 1 : BINS - 1; }

static char* end_of(const struct extent* extent) { return extent->start + extent->slots * SLOT_BYTES; }

static void enter(struct extent* extent) {
    size_t bin = bin_of(extent->slots);
    extent->previous = NULL;
    extent->next = bins[bin];
    if (bins[bin] != NULL) bins[bin]->previous = extent;
    bins[bin] = extent;
    bins_filled |= (uint64_t)1 << bin;
    idle_slots += extent->slots;
    page_map_set_extent(extent->start, extent);
    page_map_set_extent(end_of(extent) - SLOT_BYTES, extent);
}

static void leave(struct extent* extent) {
    size_t bin = bin_of(extent->slots);
    if (extent->previous == NULL) {
        bins[bin] = extent->next;
        if (extent->next == NULL) bins_filled &= ~((uint64_t)1 << bin);
    } else {
        extent->previous->next = extent->next;
    }
    if (extent->next != NULL) extent->next->previous = extent->previous;
    idle_slots -= extent->slots;
    page_map_set_extent(extent->start, NULL);
    page_map_set_extent(end_of(extent) - SLOT_BYTES, NULL);
}

static struct extent* record_take(void) {
    struct extent* extent = unused_records;
    if (extent == NULL) return metadata_take(sizeof *extent);
    unused_records = extent->next;
    return extent;
}

static void record_give(struct extent* extent) {
    extent->next = unused_records;
    unused_records = extent;
}

// Enters what is left of an extent.
static void keep(struct extent* extent) {
    if (extent->slots > 0) {
        enter(extent);
    } else {
        record_give(extent);
    }
}

// Takes slots from the end of the longest extent, if more than so many lie idle; long ones need the fewest calls. The
// caller unmaps them without the lock.
static struct piece take_excess(size_t most) {
    if (idle_slots <= most) return (struct piece){.start = NULL};
    struct extent* extent = bins[63 - __builtin_clzll(bins_filled)];
    size_t excess = idle_slots - most;
    leave(extent);
    size_t gone = excess < extent->slots ? excess : extent->slots;
    extent->slots -= gone;
    struct piece piece = {end_of(extent), gone};
    freed_slots_look(piece.start, gone);
    keep(extent);
    return piece;
}

// Joins a free extent with those right before and behind it.
static void join(struct extent* extent) {
    struct extent* before = page_map_extent(extent->start - SLOT_BYTES);
    if (before != NULL) {
        leave(before);
        extent->start = before->start;
        extent->slots += before->slots;
        record_give(before);
    }
    struct extent* behind = page_map_extent(end_of(extent));
    if (behind != NULL) {
        leave(behind);
        extent->slots += behind->slots;
        record_give(behind);
    }
}

// Makes slots idle. Result: false when there is no record for them.
static bool add(char* start, size_t slots) {
    struct extent* extent = record_take();
    if (extent == NULL) return false;
    extent->start = start;
    extent->slots = slots;
    join(extent);
    enter(extent);
    return true;
}

// Makes slots an extent again. Not under the lock. Result: false when there is no record for them.
static bool put_back(struct piece piece) {
    lock_take(&lock);
    bool is_back = add(piece.start, piece.slots);
    lock_give(&lock);
    return is_back;
}

// Not under the lock. What the system refuses to unmap has lost its memory and becomes an extent again, so that its
// addresses are not lost as well. Result: whether it is gone.
static bool unmap(struct piece piece) {
    if (os_unmap(piece.start, piece.slots * SLOT_BYTES)) return true;
    (void)put_back(piece);
    return false;
}

// The shortest free extent of so many slots; among those that are very long, the first.
static struct extent* find(size_t slots) {
    size_t bin = bin_of(slots);
    for (struct extent* extent = bins[bin]; extent != NULL; extent = extent->next) {
        if (extent->slots >= slots) return extent;
    }
    uint64_t longer = bin + 1 < BINS ? bins_filled & (~(uint64_t)0 << (bin + 1)) : 0;
    return longer == 0 ? NULL : bins[__builtin_ctzll(longer)];
}

static size_t may_idle(void) { return idle_most(&in_use, &rule) + bare_more(in_use.highest); }

// fresh: how many of the slots that were taken have no memory yet.
static void note_use(size_t slots, size_t fresh) {
    in_use.now += slots;
    use_taken(&in_use, fresh);
}

// Every leaf that mapped slots touch must be there, for a part of them may be given back alone. Result: NULL when there
// is no memory for one; then the slots are unmapped.
static char* prepare(char* start, size_t bytes) {
    for (size_t at = 0; start != NULL && at < bytes; at += SLOT_BYTES) {
        if (page_map_prepare(start + at)) continue;
        os_unmap(start, bytes);
        start = NULL;
    }
    return start;
}

// Maps fresh memory. Result: NULL when there is none.
static char* map(size_t bytes, size_t alignment) { return prepare(os_map(bytes, alignment), bytes); }

// Maps fresh memory where much is free behind: in the first place that nothing else has, so that few are ever used.
static char* map_apart(size_t bytes) {
    char* start = NULL;
    enum there there = OCCUPIED;
    for (unsigned place = 0; place < APART_PLACES && there == OCCUPIED; place++) {
        there = os_map_apart(bytes, SLOT_BYTES, place, (void**)&start);
    }
    return there == MAPPED ? prepare(start, bytes) : map(bytes, SLOT_BYTES);
}

// Moves the pages of so many slots to a mapped place. Result: how many were moved: all, unless the system refuses.
//
// At once where they are one mapping of the kernel's; else slot by slot, because a slot is one unless the program has
// split it.
static size_t move_pages(char* start, size_t slots, char* place) {
    if (os_is_one_mapping(start, slots * SLOT_BYTES)) return os_move(start, slots * SLOT_BYTES, place) ? slots : 0;
    for (size_t moved = 0; moved < slots; moved++) {
        char* slot = start + moved * SLOT_BYTES;
        if (!os_is_one_mapping(slot, SLOT_BYTES)) return moved;
        if (!os_move(slot, SLOT_BYTES, place + moved * SLOT_BYTES)) return moved;
    }
    return slots;
}

// Takes the first slots of a free extent.
static void cut(struct extent* extent, size_t slots) {
    leave(extent);
    freed_slots_look(extent->start, slots);
    extent->start += slots * SLOT_BYTES;
    extent->slots -= slots;
    keep(extent);
}

// Takes slots from the start of the longest extent. Result: at most so many; the caller's alone.
static struct piece take_longest(size_t most) {
    if (bins_filled == 0) return (struct piece){.start = NULL};
    struct extent* extent = bins[63 - __builtin_clzll(bins_filled)];
    struct piece piece = {extent->start, extent->slots < most ? extent->slots : most};
    cut(extent, piece.slots);
    return piece;
}

// Moves the pages of free extents, each too short, to a place of so many slots that was just mapped: that costs less
// than fresh pages, and memory does not grow. Where they are bare (bare.h) they stay; but where addresses are limited
// none may be wasted like that. Not under the lock. Result: how many slots were moved.
static size_t fill_with_idle(char* place, size_t slots) {
    size_t most = slots < MOVED_MOST ? slots : MOVED_MOST;
    size_t filled = 0;
    while (filled < most) {
        lock_take(&lock);
        struct piece piece = take_longest(most - filled);
        size_t highest = in_use.highest;
        lock_give(&lock);
        if (piece.start == NULL) break;
        bool stays =
            filled == 0 && !extent_addresses_were_limited() && bare_stay(piece.start, piece.slots, slots, highest);
        size_t moved = stays ? 0 : move_pages(piece.start, piece.slots, place + filled * SLOT_BYTES);
        filled += moved;
        if (moved == piece.slots) continue;
        struct piece rest = {piece.start + moved * SLOT_BYTES, piece.slots - moved};
        if (!put_back(rest)) unmap(rest);
        break;
    }
    return filled;
}

char* extent_take_idle(size_t slots) {
    lock_take(&lock);
    struct extent* extent = find(slots);
    char* start = NULL;
    if (extent != NULL) {
        start = extent->start;
        cut(extent, slots);
        note_use(slots, 0);
    }
    lock_give(&lock);
    return start;
}

// Counts slots that were just mapped, so many of them with pages that lay idle, and gives back what now lies idle.
static void settle(size_t slots, size_t filled) {
    lock_take(&lock);
    note_use(slots, slots - filled);
    struct piece excess = take_excess(idle_most_when_growing(&in_use, &rule) + bare_more(in_use.highest));
    lock_give(&lock);
    if (excess.start != NULL) unmap(excess);
}

// The same, but first idle pages move there. Result: how many slots have pages now.
static size_t fill_and_settle(char* start, size_t slots) {
    size_t filled = fill_with_idle(start, slots);
    settle(slots, filled);
    return filled;
}

struct slots extent_map(size_t slots, size_t alignment) {
    // Where addresses are few a long block could not be moved when it grows, for then it would be there twice.
    bool is_apart = slots >= APART_LEAST && alignment == SLOT_BYTES && extent_addresses_are_few();
    if (slots > PTRDIFF_MAX / SLOT_BYTES) return (struct slots){.start = NULL};
    size_t bytes = slots * SLOT_BYTES;
    struct slots taken = {.start = is_apart ? map_apart(bytes) : map(bytes, alignment)};
    if (taken.start != NULL) taken.is_zero = fill_and_settle(taken.start, slots) == 0;
    return taken;
}

struct slots extent_take(size_t slots) {
    char* start = extent_take_idle(slots);
    return start != NULL ? (struct slots){.start = start} : extent_map(slots, SLOT_BYTES);
}

struct slots extent_map_exact(size_t bytes, size_t alignment) {
    size_t slots = (bytes + SLOT_BYTES - 1) / SLOT_BYTES;
    char* start = slots >= APART_LEAST && alignment == SLOT_BYTES ? map_apart(bytes) : map(bytes, alignment);
    if (start != NULL) settle(slots, 0);
    return (struct slots){.start = start, .is_zero = true};
}

char* extent_map_part(size_t* pages) {
    // Where there is no room for the shortest part, the others are not tried, for a full heap comes here again and
    // again.
    if (!extent_addresses_are_few() || !os_has_room(PART_PAGES * PAGE_BYTES)) return NULL;
    for (*pages = SLOT_PAGES - PART_PAGES; *pages > 0; *pages -= PART_PAGES) {
        char* start = map(*pages * PAGE_BYTES, SLOT_BYTES);
        if (start != NULL) return start;
    }
    return NULL;
}

bool extent_keep(char* start, size_t slots, uint32_t first_line) {
    bare_watch(start, slots);
    lock_take(&lock);
    in_use.now -= slots;
    use_given(&in_use, &rule, slots);
    bool idles = slots_may_idle(slots) && add(start, slots);
    if (idles && first_line != NO_LINE) *page_map_line(start) = first_line;
    bool are_too_many = idle_slots > may_idle();
    lock_give(&lock);
    if (!idles) unmap((struct piece){start, slots});
    return are_too_many;
}

bool extent_give_excess(size_t slots) {
    lock_take(&lock);
    size_t most = may_idle();
    struct piece excess = take_excess(idle_slots > most && idle_slots - most > slots ? idle_slots - slots : most);
    bool is_more = idle_slots > most;
    lock_give(&lock);
    if (excess.start != NULL) unmap(excess);
    return is_more;
}

void extent_give(char* start, size_t slots, uint32_t first_line) {
    if (extent_keep(start, slots, first_line)) (void)extent_give_excess(SIZE_MAX);
}

void extent_forget(size_t slots) {
    lock_take(&lock);
    in_use.now -= slots;
    use_given(&in_use, &rule, slots);
    lock_give(&lock);
}

// Takes free slots that begin here, at most so many. Result: how many.
static size_t take_behind(char* start, size_t most) {
    lock_take(&lock);
    struct extent* behind = page_map_extent(start);
    size_t slots = behind == NULL || behind->start != start ? 0 : behind->slots < most ? behind->slots : most;
    if (slots > 0) {
        cut(behind, slots);
        note_use(slots, 0);
    }
    lock_give(&lock);
    return slots;
}

enum growth extent_grow(char* start, size_t old_slots, size_t new_slots) {
    char* end = start + old_slots * SLOT_BYTES;
    size_t more = new_slots - old_slots;
    size_t idle = take_behind(end, more);
    if (idle == more) return GROWN_IDLE;
    char* rest = end + idle * SLOT_BYTES;
    bool is_mapped =
        os_map_there(rest, (more - idle) * SLOT_BYTES) == MAPPED && prepare(rest, (more - idle) * SLOT_BYTES) != NULL;
    if (is_mapped) return fill_and_settle(rest, more - idle) + idle == 0 ? GROWN_FRESH : GROWN_IDLE;
    if (idle > 0) extent_give(end, idle, NO_LINE);
    return NOT_GROWN;
}

char* extent_move(char* start, size_t old_slots, size_t new_slots) {
    char* place = new_slots > PTRDIFF_MAX / SLOT_BYTES ? NULL : map_apart(new_slots * SLOT_BYTES);
    if (place == NULL) return NULL;
    size_t moved = move_pages(start, old_slots, place);
    // There is no way back halfway: what the system does not move is copied.
    size_t bytes_left = (old_slots - moved) * SLOT_BYTES;
    if (bytes_left > 0) {
        memcpy(place + moved * SLOT_BYTES, start + moved * SLOT_BYTES, bytes_left);
        unmap((struct piece){start + moved * SLOT_BYTES, old_slots - moved});
    }
    fill_and_settle(place + old_slots * SLOT_BYTES, new_slots - old_slots);
    return place;
}

bool extent_decay(unsigned times) {
    for (unsigned i = 0; i < times; i++) bare_end_time();
    lock_take(&lock);
    for (unsigned i = 0; i < times; i++) use_end_time(&in_use);
    bool are_too_many = idle_slots > may_idle();
    lock_give(&lock);
    return are_too_many;
}

void extent_unmap_idle(void) {
    struct piece piece;
    do {
        lock_take(&lock);
        piece = take_excess(0);
        lock_give(&lock);
    } while (piece.start != NULL && unmap(piece));
}

size_t extent_mapped_slots(void) {
    lock_take(&lock);
    size_t mapped = in_use.now + idle_slots;
    lock_give(&lock);
    return mapped;
}

size_t extent_idle_slots(void) {
    lock_take(&lock);
    size_t idle = idle_slots;
    lock_give(&lock);
    return idle;
}

void extent_lock(void) { lock_take(&lock); }

void extent_unlock(void) { lock_give(&lock); }

void extent_check(void) {
    lock_take(&lock);
    size_t idle = 0;
    for (size_t bin = 0; bin < BINS; bin++) {
        check_invariant((bins_filled >> bin & 1) == (bins[bin] != NULL), "a bit says which bins of extents are filled");
        for (const struct extent* extent = bins[bin]; extent != NULL; extent = extent->next) {
            check_invariant(bin_of(extent->slots) == bin, "an extent is in the bin of its length");
            check_invariant(page_map_extent(extent->start) == extent, "the page map leads to a free extent's start");
            check_invariant(page_map_extent(end_of(extent) - SLOT_BYTES) == extent, "... and to its end");
            check_invariant(page_map_mapping(extent->start) == NULL, "nothing in use begins where an extent is free");
            check_invariant(page_map_extent(end_of(extent)) == NULL, "free neighbours are joined");
            idle += extent->slots;
        }
    }
    check_invariant(idle == idle_slots, "idle slots are counted");
    check_invariant(in_use.now <= in_use.peak, "a peak is at least what is in use");
    lock_give(&lock);
}

// large.c: see large.h.

#include "par/large.h"

#include <stdatomic.h>

#include "par/density.h"
#include "par/estimate.h"
#include "par/extent.h"
#include "par/first_line.h"
#include "par/lock.h"
#include "par/metadata.h"
#include "par/os.h"
#include "par/sparse.h"
#include "par/zeros.h"

enum {
    TAIL_SHARE = 4,  // what lies behind the ends of blocks, in their last slots, is at most this part of the blocks,
    TAIL_LEAST = 4 * 1024 * 1024,  // or so many bytes;
    TAIL_CHURNED_SHARE = 2,        // this part once as much was purged as there is in blocks,
    OFTEN_SHARE = 4,               // of what there is in blocks was purged: then who makes them shorter does so often
    TAIL_TURNS = 64,               // when the blocks were turned over so often,
    TAIL_FORGETS = 8,              // this part of what was purged is forgotten
    BELIEVED = 8,                  // one in so many growths gets ordinary pages though those before it got huge ones
    HUGE_MOST = 4096,              // blocks with huge pages: each may split a mapping, and the system has 65,530
};

static struct lock lock = LOCK_FREE;  // guards the list below
static struct large* unused_records;
static struct density densities[DENSITY_KINDS];  // of blocks that were not known to be dense or sparse
static atomic_size_t huge_blocks;                // that live
static atomic_size_t all_blocks;
static atomic_size_t all_bytes;
static atomic_size_t all_tails;
static atomic_size_t purged_tails;  // bytes, as far as they are not forgotten
static atomic_size_t taken_bytes;   // since something was forgotten

static struct large* record_take(void) {
    lock_take(&lock);
    struct large* large = unused_records;
    if (large != NULL) unused_records = large->next;
    lock_give(&lock);
    return large != NULL ? large : metadata_take(sizeof *large);
}

static void record_give(struct large* large) {
    lock_take(&lock);
    large->next = unused_records;
    unused_records = large;
    lock_give(&lock);
}

static size_t whole_pages(size_t bytes) { return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES; }

static size_t slots_of(size_t bytes) { return (bytes + SLOT_BYTES - 1) / SLOT_BYTES; }

// Huge pages where the block fills whole slots, from so many on. The rest of its last slot shall not cost memory.
static void advise_huge(struct large* large, size_t from) {
    size_t end = large->bytes / SLOT_BYTES;
    if (end <= from) return;
    if (!large->has_huge && estimate_add(&huge_blocks, 1) >= HUGE_MOST) {
        estimate_add(&huge_blocks, -(size_t)1);
        return;
    }
    large->has_huge = true;
    large->ends_huge = true;
    os_advise_huge(large->mapping.start + from * SLOT_BYTES, (end - from) * SLOT_BYTES);
}

static void forget_tail(struct large* large) {
    estimate_add(&all_tails, -large->tail);
    large->tail = 0;
}

static size_t tail_of(const struct large* large) { return slots_of(large->bytes) * SLOT_BYTES - large->bytes; }

static void purge_tail(struct large* large) {
    size_t tail = tail_of(large);
    if (tail == 0) return;
    char* end = large->mapping.start + large->bytes;
    os_advise_ordinary(end + tail - SLOT_BYTES, SLOT_BYTES);
    os_purge(end, tail);
}

// Unmaps what lies behind the block.
static void make_exact(struct large* large) {
    size_t tail = tail_of(large);
    large->is_exact = tail > 0 && os_unmap(large->mapping.start + large->bytes, tail);
}

// Maps what lies behind the block. Result: whether it is there.
static bool make_whole(struct large* large) {
    if (!large->is_exact) return true;
    large->is_exact = os_map_there(large->mapping.start + large->bytes, tail_of(large)) != MAPPED;
    return !large->is_exact;
}

// Where blocks of many sizes take turns, what is purged behind one is soon touched by the next, at a fault for each
// page. Blocks that come once and stay never get so far.
static size_t most_tails(bool* churned) {
    size_t bytes = estimate(&all_bytes);
    *churned = estimate(&purged_tails) >= bytes;
    size_t most = bytes / (*churned ? TAIL_CHURNED_SHARE : TAIL_SHARE);
    return most > TAIL_LEAST ? most : TAIL_LEAST;
}

static void count_taken(size_t bytes) {
    if ((estimate_add(&taken_bytes, bytes) + bytes) / TAIL_TURNS < estimate(&all_bytes)) return;
    estimate_set(&taken_bytes, 0);
    estimate_set(&purged_tails, estimate(&purged_tails) / TAIL_FORGETS * (TAIL_FORGETS - 1));
}

// The pages behind a block in its last slot may be there from an earlier use. A few of all blocks may stay, for the
// next block in this place may need them. But who makes a block shorter wants memory back, unless that comes often.
static void keep_or_purge_tail(struct large* large, bool is_shorter) {
    forget_tail(large);
    size_t tail = tail_of(large);
    bool churned;
    size_t most = most_tails(&churned);
    if (is_shorter && estimate(&purged_tails) < estimate(&all_bytes) / OFTEN_SHARE) most = 0;
    if (estimate_add(&all_tails, tail) + tail <= most) {
        large->tail = tail;
        return;
    }
    estimate_add(&all_tails, -tail);
    if (!churned) estimate_add(&purged_tails, tail);
    purge_tail(large);
}

static void settle_tail(struct large* large, bool is_exact) {
    if (is_exact) {
        make_exact(large);
    } else {
        keep_or_purge_tail(large, false);
    }
}

static void choose_pages(struct large* large, bool is_zero, enum large_content content) {
    large->has_huge = large->ends_huge = false;
    large->ends_fresh = is_zero;
    large->density = NULL;
    if (large->bytes < SLOT_BYTES) return;
    enum density_verdict verdict = content == LARGE_DENSE ? DENSITY_HIGH : DENSITY_LOW;
    if (content == LARGE_AS_BEFORE) {
        size_t slots = slots_of(large->bytes);
        large->density = &densities[density_kind_of(slots)];
        verdict = density_of_next(large->density, is_zero ? slots : 0, false);
        if (verdict != DENSITY_HIGH && is_zero) density_watch(large->density, large->mapping.start);
    }
    if (verdict != DENSITY_LOW) advise_huge(large, verdict == DENSITY_HIGH ? 0 : 1);
}

// Whether a block that grows will be filled: it was until now. Where that cannot be seen because of huge pages, it is
// believed, but not each time.
static bool is_filled(struct large* large) {
    if (large->bytes < SLOT_BYTES) return false;
    if (large->ends_huge) return ++large->growths % BELIEVED != 0;
    return large->ends_fresh && density_of_range_is_high(large->mapping.start, large->bytes);
}

static void count(size_t blocks, size_t bytes) {
    estimate_add(&all_blocks, blocks);
    estimate_add(&all_bytes, bytes);
}

// When the page map is changed, here and in large_give and move, is proved by tests/models/page_map.pml; that
// record_take gives its lock before the next is taken, by tests/models/fork.pml.
struct large_block large_take(size_t bytes, size_t alignment, enum large_content content) {
    struct large_block block = {.start = NULL};
    struct large* large = record_take();
    if (large == NULL) return block;
    size_t asked = bytes;
    bytes = whole_pages(bytes);
    // Many programs take and give back the same few slots: that shall cost no system call.
    struct slots slots = {.start = alignment == SLOT_BYTES ? extent_take_idle(slots_of(bytes)) : NULL};
    bool is_exact = slots.start != NULL ? extent_addresses_were_few() : extent_addresses_are_few();
    if (slots.start == NULL)
        slots = is_exact ? extent_map_exact(bytes, alignment) : extent_map(slots_of(bytes), alignment);
    if (slots.start == NULL && !is_exact) {
        // Whole slots may be too long for what is left.
        is_exact = true;
        slots = extent_map_exact(bytes, alignment);
    }
    if (slots.start == NULL) {
        record_give(large);
        return block;
    }
    large->mapping.kind = MAPPING_LARGE;
    large->mapping.start = slots.start;
    large->bytes = bytes;
    large->is_apart = large->is_guarded = false;
    choose_pages(large, slots.is_zero, content);
    large->tail = 0;
    large->is_exact = is_exact && slots.is_zero && tail_of(large) > 0;
    if (!slots.is_zero) settle_tail(large, is_exact);
    large->used = slack_seal(slots.start, asked, slots.is_zero ? SLACK_FRESH : SLACK_UNKNOWN);
    page_map_add(&large->mapping);
    count(1, bytes);
    count_taken(bytes);
    return (struct large_block){slots.start, slots.is_zero};
}

// Gives back the slots from one on.
static void give_slots(struct large* large, size_t from) {
    size_t slots = slots_of(large->bytes);
    char* start = large->mapping.start;
    if (large->is_exact && from < slots) {
        size_t whole_slots = slots - 1;
        // What the system does not unmap becomes whole, for others.
        bool is_gone = os_unmap(start + whole_slots * SLOT_BYTES, large->bytes - whole_slots * SLOT_BYTES);
        if (is_gone || !make_whole(large)) {
            slots = whole_slots;
            extent_forget(1);
        }
    }
    if (from == slots) return;
    sparse_purge(start + from * SLOT_BYTES, slots - from);
    uint32_t line = from == 0 ? first_line_of_freed(start) : NO_LINE;
    extent_give(start + from * SLOT_BYTES, slots - from, line);
}

static void end_block(struct large* large) {
    count(-(size_t)1, -large->bytes);
    zeros_ends(large->mapping.start, large->bytes);
    forget_tail(large);
    page_map_remove(&large->mapping);
    if (large->density != NULL) density_forget(large->density, large->mapping.start, true);
    if (large->has_huge) estimate_add(&huge_blocks, -(size_t)1);
}

void large_give(struct large* large) {
    end_block(large);
    give_slots(large, 0);
    record_give(large);
}

void large_give_untouched(struct large* large) {
    end_block(large);
    char* start = large->mapping.start;
    size_t slots = slots_of(large->bytes);
    bool is_gone = os_unmap_untouched(start, large->is_exact ? large->bytes : slots * SLOT_BYTES);
    size_t between = is_gone ? 0 : slots - 2;
    extent_forget(slots - between);
    if (between > 0) extent_give(start + SLOT_BYTES, between, NO_LINE);
    record_give(large);
}

static void shrink(struct large* large, size_t bytes) {
    size_t had = slots_of(large->bytes);
    size_t kept = slots_of(bytes);
    forget_tail(large);
    if (large->is_exact && kept == had) {
        // Where the system does not, the block keeps its room.
        if (os_unmap(large->mapping.start + bytes, large->bytes - bytes)) large->bytes = bytes;
        return;
    }
    give_slots(large, kept);
    large->bytes = bytes;
    if (large->is_exact) {
        make_exact(large);
    } else {
        keep_or_purge_tail(large, true);
    }
}

// The entry goes first: once the pages have moved, another thread may be given the old place.
static bool move(struct large* large, size_t had, size_t needed) {
    char* start = large->mapping.start;
    page_map_remove(&large->mapping);
    if (large->density != NULL) density_forget(large->density, start, true);
    char* place = extent_move(start, had, needed);
    if (place != NULL) large->mapping.start = place;
    page_map_add(&large->mapping);
    return place != NULL;
}

// Where addresses are limited a long block that meets another could move no more, for then it would be there twice. So
// it goes where much is free behind while it is short. That is tried once.
static bool goes_apart(struct large* large, size_t needed) {
    if (large->is_apart || needed < APART_LEAST || !extent_addresses_are_limited()) return false;
    large->is_apart = true;
    return true;
}

// Result: false when there is no place for so many slots; then nothing has changed. Sets what lies behind
// the block then, as for slack_seal.
static bool make_room(struct large* large, size_t had, size_t needed, enum slack* behind) {
    large->ends_fresh = true;
    *behind = SLACK_UNKNOWN;
    if (goes_apart(large, needed) && move(large, had, needed)) return true;
    enum growth growth = extent_grow(large->mapping.start, had, needed);
    large->ends_fresh = growth != GROWN_IDLE;
    if (growth == GROWN_FRESH) *behind = SLACK_FRESH;
    return growth != NOT_GROWN || move(large, had, needed);
}

static void* resize(struct large* large, size_t bytes, enum slack* behind) {
    size_t had = slots_of(large->bytes);
    size_t needed = slots_of(bytes);
    if (bytes < large->bytes) {
        shrink(large, bytes);
        return large->mapping.start;
    }
    bool was_exact = large->is_exact;
    if (!make_whole(large)) return NULL;
    if (needed == had) {
        large->bytes = bytes;
        if (was_exact) make_exact(large);
        return large->mapping.start;
    }
    bool is_dense = is_filled(large);
    size_t whole = large->bytes / SLOT_BYTES;
    if (!make_room(large, had, needed, behind)) {
        if (was_exact) make_exact(large);
        return NULL;
    }
    large->bytes = bytes;
    large->ends_huge = false;
    if (is_dense) advise_huge(large, whole);
    settle_tail(large, was_exact);
    return large->mapping.start;
}

void* large_resize(struct large* large, size_t bytes) {
    size_t before = large->bytes;
    enum slack behind = slack_behind(large->used, bytes);
    char* start = resize(large, whole_pages(bytes), &behind);
    count(0, large->bytes - before);
    if (start != NULL) large->used = slack_seal(start, bytes, behind);
    return start;
}

void large_count(size_t* blocks, size_t* bytes) {
    *blocks = estimate(&all_blocks);
    *bytes = estimate(&all_bytes);
}

void large_lock(void) { lock_take(&lock); }

void large_unlock(void) { lock_give(&lock); }

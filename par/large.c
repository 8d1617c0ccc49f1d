// large.c: see large.h.

#include "par/large.h"

#include "par/extent.h"
#include "par/lock.h"
#include "par/metadata.h"
#include "par/os.h"

// Memory behind the end of a block, in its last slot, may stay when it is at most this part of the block.
enum { TAIL_SHARE = 16 };

static struct lock lock = LOCK_FREE;  // guards the list below
static struct large* unused_records;

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

// Huge pages where the block fills them. The rest of its last slot shall not cost memory.
static void advise_huge(char* start, size_t bytes) {
    if (bytes >= SLOT_BYTES) os_advise_huge(start, bytes / SLOT_BYTES * SLOT_BYTES);
}

// The pages behind a block in its last slot may be there from an earlier use.
static void purge_tail(char* start, size_t bytes) {
    size_t tail = slots_of(bytes) * SLOT_BYTES - bytes;
    if (tail > bytes / TAIL_SHARE) os_purge(start + bytes, tail);
}

// When the page map is changed, here and in large_give and move, is proved by tests/models/page_map.pml; that
// record_take gives its lock before the next is taken, by tests/models/fork.pml.
struct large_block large_take(size_t bytes, size_t alignment) {
    struct large_block block = {.start = NULL};
    struct large* large = record_take();
    if (large == NULL) return block;
    bytes = whole_pages(bytes);
    struct slots slots = extent_take(slots_of(bytes), alignment);
    if (slots.start == NULL) {
        record_give(large);
        return block;
    }
    advise_huge(slots.start, bytes);
    if (!slots.is_zero) purge_tail(slots.start, bytes);
    large->mapping.kind = MAPPING_LARGE;
    large->mapping.start = slots.start;
    large->bytes = bytes;
    page_map_add(&large->mapping);
    return (struct large_block){slots.start, slots.is_zero};
}

void large_give(struct large* large) {
    page_map_remove(&large->mapping);
    extent_give(large->mapping.start, slots_of(large->bytes));
    record_give(large);
}

static void shrink(struct large* large, size_t bytes) {
    size_t kept = slots_of(bytes);
    size_t had = slots_of(large->bytes);
    if (kept < had) extent_give(large->mapping.start + kept * SLOT_BYTES, had - kept);
    large->bytes = bytes;
    purge_tail(large->mapping.start, bytes);
}

static bool move(struct large* large, size_t bytes) {
    // The entry goes first: once the pages have moved, another thread may be given the old place.
    page_map_remove(&large->mapping);
    char* place = extent_move(large->mapping.start, slots_of(large->bytes), slots_of(bytes));
    if (place != NULL) large->mapping.start = place;
    page_map_add(&large->mapping);
    return place != NULL;
}

void* large_resize(struct large* large, size_t bytes) {
    bytes = whole_pages(bytes);
    size_t had = slots_of(large->bytes);
    size_t needed = slots_of(bytes);
    if (bytes < large->bytes) {
        shrink(large, bytes);
    } else if (needed == had || extent_grow(large->mapping.start, had, needed) || move(large, bytes)) {
        large->bytes = bytes;
        if (needed > had) {
            advise_huge(large->mapping.start + (had - 1) * SLOT_BYTES, bytes - (had - 1) * SLOT_BYTES);
            purge_tail(large->mapping.start, bytes);
        }
    } else {
        return NULL;
    }
    return large->mapping.start;
}

void large_lock(void) { lock_take(&lock); }

void large_unlock(void) { lock_give(&lock); }

// large.c: see large.h.

#include "par/large.h"

#include <pthread.h>
#include <stdbool.h>

#include "par/metadata.h"
#include "par/os.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;  // guards the list below
static struct large* unused_records;

static struct large* record_take(void) {
    pthread_mutex_lock(&lock);
    struct large* large = unused_records;
    if (large != NULL) unused_records = large->next;
    pthread_mutex_unlock(&lock);
    return large != NULL ? large : metadata_take(sizeof *large);
}

static void record_give(struct large* large) {
    pthread_mutex_lock(&lock);
    large->next = unused_records;
    unused_records = large;
    pthread_mutex_unlock(&lock);
}

static size_t whole_pages(size_t bytes) { return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES; }

void* large_take(size_t bytes, size_t alignment) {
    struct large* large = record_take();
    if (large == NULL) return NULL;
    large->mapping.kind = MAPPING_LARGE;
    large->bytes = whole_pages(bytes);
    large->mapping.start = os_map(large->bytes, alignment);
    if (large->mapping.start != NULL) {
        if (page_map_prepare(large->mapping.start)) {
            page_map_add(&large->mapping);
            return large->mapping.start;
        }
        os_unmap(large->mapping.start, large->bytes);
    }
    record_give(large);
    return NULL;
}

void large_give(struct large* large) {
    page_map_remove(&large->mapping);
    os_unmap(large->mapping.start, large->bytes);
    record_give(large);
}

// Moves a block to a place of another size.
static bool move(struct large* large, size_t new_bytes) {
    char* place = os_map(new_bytes, SLOT_BYTES);
    if (place == NULL) return false;
    if (!page_map_prepare(place)) {
        os_unmap(place, new_bytes);
        return false;
    }
    // The old entry goes first: once the pages have moved, another thread may be given the old place.
    page_map_remove(&large->mapping);
    bool moved = os_move(large->mapping.start, large->bytes, new_bytes, place);
    if (moved) {
        large->mapping.start = place;
        large->bytes = new_bytes;
    }
    page_map_add(&large->mapping);
    return moved;
}

void* large_resize(struct large* large, size_t bytes) {
    size_t new_bytes = whole_pages(bytes);
    if (os_resize(large->mapping.start, large->bytes, new_bytes)) {
        large->bytes = new_bytes;
    } else if (!move(large, new_bytes)) {
        return NULL;
    }
    return large->mapping.start;
}

void large_lock(void) { pthread_mutex_lock(&lock); }

void large_unlock(void) { pthread_mutex_unlock(&lock); }

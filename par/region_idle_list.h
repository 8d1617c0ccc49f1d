// region_idle_list.h: the regions with idle pages. The caller holds the lock of region.c.

#ifndef PAR_REGION_IDLE_LIST_H
#define PAR_REGION_IDLE_LIST_H

#include <stddef.h>

#include "par/page_bits.h"
#include "par/region.h"

struct region_idle_list {
    struct region* first;  // has had some for longest
    struct region* last;
};

static inline void region_idle_list_add(struct region_idle_list* list, struct region* region) {
    region->next_idle = NULL;
    region->previous_idle = list->last;
    *(list->last != NULL ? &list->last->next_idle : &list->first) = region;
    list->last = region;
}

static inline void region_idle_list_remove(struct region_idle_list* list, struct region* region) {
    struct region* next = region->next_idle;
    struct region* previous = region->previous_idle;
    *(previous != NULL ? &previous->next_idle : &list->first) = next;
    *(next != NULL ? &next->previous_idle : &list->last) = previous;
}

// The first page of the longest run of idle pages. Sets how many it has.
static inline size_t find_longest_idle(const struct region* region, size_t* pages) {
    size_t first = 0;
    *pages = 0;
    for (size_t start = page_bits_next_set(region->idle, 0); start < SLOT_PAGES;) {
        size_t end = page_bits_next_clear(region->idle, start);
        if (end - start > *pages) {
            first = start;
            *pages = end - start;
        }
        start = page_bits_next_set(region->idle, end);
    }
    return first;
}

#endif

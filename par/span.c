// span.c: see span.h.

#include "par/span.h"

#include <stddef.h>

#include "par/harden.h"
#include "par/invariant.h"
#include "par/page_map.h"
#include "par/region.h"
#include "par/region_runs.h"
#include "par/size_class.h"

enum {
    SHORTEST_DIVISOR = 3,  // more than this part of its class's length has every span
};

void span_list_add(struct span_list* list, struct span* span) {
    span->previous = NULL;
    span->next = list->first;
    if (list->first != NULL) list->first->previous = span;
    list->first = span;
}

static void list_remove(struct span_list* list, struct span* span) {
    if (span->previous == NULL) {
        list->first = span->next;
    } else {
        span->previous->next = span->next;
    }
    if (span->next != NULL) span->next->previous = span->previous;
}

static struct region* region_of(const void* block) { return (struct region*)page_map_mapping(block); }

static size_t granule_of(const struct region* region, const void* block) {
    return (size_t)((const char*)block - region->mapping.start) / GRANULE_BYTES;
}

static struct span* span_of(const void* block) {
    struct region* region = region_of(block);
    return &region->spans[region->span_first[granule_of(region, block)]];
}

static size_t whole_granules(size_t bytes) { return (bytes + GRANULE_BYTES - 1) / GRANULE_BYTES; }

// Where blocks are long, what is left at the end of a region gets a shorter span before another region is mapped.
static struct run span_run(const struct size_class* size) {
    size_t most = size->span_pages / GRANULE_PAGES;
    for (size_t granules = most; is_long_block(size->block_bytes) && granules > most / SHORTEST_DIVISOR;) {
        struct run run = region_take_mapped_run(granules * GRANULE_PAGES, size->span_alignment_pages, REGION_OF_SPANS);
        if (run.start != NULL) return run;
        size_t without_one = whole_granules((granules * GRANULE_BYTES / size->block_bytes - 1) * size->block_bytes);
        granules = without_one < granules ? without_one : granules - 1;
    }
    return region_take_run(size->span_pages, size->span_alignment_pages, REGION_OF_SPANS);
}

// The order of steps here and in span_unmake is proved by tests/models/page_map.pml; links written without the lock, in
// span_cut, and span_list_take, span_list_give and span_list_give_cold by tests/models/depot.pml.
struct span* span_make(unsigned size_class) {
    const struct size_class* size = &size_classes[size_class];
    struct run run = span_run(size);
    if (run.start == NULL) return NULL;
    struct region* region = run.region;
    size_t first = granule_of(region, run.start);
    size_t granules = region_run_pages(region, run.start) / GRANULE_PAGES;
    uint32_t blocks = (uint32_t)(granules * GRANULE_BYTES / size->block_bytes);
    for (size_t i = 0; i < granules; i++) region->span_first[first + i] = (uint8_t)first;
    page_map_set_class(run.start, granules, size_class);
    struct span* span = &region->spans[first];
    *span = (struct span){.start = run.start, .block_count = blocks};
    return span;
}

static void span_unmake(struct span* span) {
    struct region* region = region_of(span->start);
    size_t pages = region_run_pages(region, span->start);
    clear_span(span->start, (size_t)span->carved * size_classes[page_map_class(span->start)].block_bytes);
    page_map_set_class(span->start, pages / GRANULE_PAGES, NO_CLASS);
    region_return_run(region, span->start);
}

void spans_give(struct span* emptied) {
    while (emptied != NULL) {
        struct span* span = emptied;
        emptied = span->next;  // before the region goes, and the record with it
        span_unmake(span);
    }
}

struct block* span_cut(const struct batch* batch, unsigned size_class) {
    uint32_t block_bytes = size_classes[size_class].block_bytes;
    struct block* after = batch->first;
    struct cut_order order = cut_order_of(batch->fresh_count);
    for (unsigned i = batch->fresh_count; i > 0; i--) {
        struct block* block = (struct block*)(batch->fresh + cut_place(order, i - 1) * block_bytes);
        set_next(block, after);
        after = block;
    }
    return after;
}

// Moves blocks that came back from a span to the batch. Their links lie in memory that has gone cold, so a whole list
// changes hands where possible, without looking into it.
static void take_returned(struct span* span, unsigned wanted, struct batch* batch) {
    if (batch->count == 0 && span->free_count <= 2 * wanted) {
        batch->first = span->free;
        batch->count = span->free_count;
        span->free = NULL;
        span->free_count = 0;
        return;
    }
    while (batch->count < wanted && span->free != NULL) {
        struct block* block = span->free;
        span->free = next_of(block);
        span->free_count--;
        set_next(block, batch->first);
        batch->first = block;
        batch->count++;
    }
}

// Hands out memory of a span that was never used.
static void take_fresh(struct span* span, uint32_t block_bytes, unsigned wanted, struct batch* batch) {
    uint32_t left = span->block_count - span->carved;
    batch->fresh_count = wanted < left ? wanted : left;
    batch->fresh = span->start + (size_t)span->carved * block_bytes;
    span->carved += batch->fresh_count;
}

static bool span_is_spent(const struct span* span) {
    return span->free_count == 0 && span->carved == span->block_count;
}

struct batch span_list_take(struct span_list* list, unsigned size_class, unsigned wanted) {
    struct batch batch = {0};
    while (batch.count + batch.fresh_count < wanted && batch.fresh_count == 0 && list->first != NULL) {
        struct span* span = list->first;
        // What came back may lie beside what another thread was given.
        bool avoids_returned = size_classes[size_class].shares_lines && span->carved < span->block_count;
        if (!avoids_returned) take_returned(span, wanted, &batch);
        if (batch.count < wanted) {
            take_fresh(span, size_classes[size_class].block_bytes, wanted - batch.count, &batch);
        }
        if (span_is_spent(span)) list_remove(list, span);
    }
    list->outside += batch.count + batch.fresh_count;
    return batch;
}

static bool is_within(const struct span* span, const struct block* block, uint32_t block_bytes) {
    return (size_t)((const char*)block - span->start) < (size_t)span->block_count * block_bytes;
}

// Takes one block back. span: the one that had the last block, or NULL, for blocks that were freed one after the other
// often lie side by side. Result: the one that has this block, or NULL when that has all its blocks back.
static inline __attribute__((always_inline)) struct span* take_back(struct span_list* list, uint32_t block_bytes,
                                                                    struct block* block, struct span* span) {
    if (span == NULL || !is_within(span, block, block_bytes)) span = span_of(block);
    if (span_is_spent(span)) span_list_add(list, span);
    set_next(block, span->free);
    span->free = block;
    span->free_count++;
    list->outside--;
    if (span->free_count < span->carved) return span;
    list_remove(list, span);
    span->next = list->emptied;
    list->emptied = span;
    return NULL;
}

void span_list_give(struct span_list* list, unsigned size_class, struct block* first) {
    uint32_t block_bytes = size_classes[size_class].block_bytes;
    struct span* span = NULL;
    while (first != NULL) {
        struct block* block = first;
        first = next_of(block);
        span = take_back(list, block_bytes, block, span);
    }
}

void span_list_give_cold(struct span_list* list, unsigned size_class, struct block** firsts, unsigned count) {
    uint32_t block_bytes = size_classes[size_class].block_bytes;
    struct span* span = NULL;
    for (unsigned i = 0; count > 0; i = i + 1 < count ? i + 1 : 0) {
        struct block* block = firsts[i];
        firsts[i] = next_of(block);
        __builtin_prefetch(firsts[i]);
        span = take_back(list, block_bytes, block, span);
        if (firsts[i] == NULL) firsts[i] = firsts[--count];
    }
}

// The granule where a span begins, and its length, stay what they are as long as a block of the span is live.
bool span_has_block_at(const void* place, unsigned size_class) {
    const struct region* region = region_of(place);
    size_t first = region->span_first[granule_of(region, place)];
    const char* start = region->mapping.start + first * GRANULE_BYTES;
    uint32_t offset = (uint32_t)((const char*)place - start);
    uint32_t block_bytes = size_classes[size_class].block_bytes;
    return offset % block_bytes == 0 && offset + block_bytes <= run_length(region, first * GRANULE_PAGES) * PAGE_BYTES;
}

static void check_one(const struct span* span, unsigned size_class) {
    uint32_t block_bytes = size_classes[size_class].block_bytes;
    uint32_t free_count = 0;
    for (const struct block* block = span->free; block != NULL; block = next_of(block)) {
        size_t offset = (size_t)((const char*)block - span->start);
        check_invariant(offset % block_bytes == 0, "a free block begins where a block begins");
        check_invariant(offset / block_bytes < span->carved, "a free block was carved");
        free_count++;
    }
    check_invariant(free_count == span->free_count, "a span counts its free blocks");
    check_invariant(span->carved <= span->block_count, "no more blocks are carved than a span has");
    check_invariant(!span_is_spent(span), "a span in the list has blocks to give");
    check_invariant(span->free_count < span->carved, "a span with all its blocks back is given back");
}

void span_list_check(const struct span_list* list, unsigned size_class) {
    for (const struct span* span = list->first; span != NULL; span = span->next) {
        check_invariant(page_map_class(span->start) == size_class, "a span lies in the list of its class");
        check_invariant(span_of(span->start) == span, "the page map leads to a span");
        check_one(span, size_class);
    }
}

// page_map.c: see page_map.h.

#include "par/page_map.h"

#include "par/os.h"

_Atomic(struct page_map_leaf*) page_map_root[ROOT_ENTRIES];

static _Atomic(struct mapping*)* mapping_entry(const char* start) {
    return &page_map_leaf(start)->mappings[((uintptr_t)start / SLOT_BYTES) % LEAF_SLOTS];
}

bool page_map_prepare(const void* address) {
    uintptr_t index = (uintptr_t)address >> LEAF_BITS;
    if (index >= ROOT_ENTRIES) return false;
    if (page_map_leaf(address) != NULL) return true;
    struct page_map_leaf* leaf = os_map(sizeof *leaf, PAGE_BYTES);
    if (leaf == NULL) return false;
    struct page_map_leaf* none = NULL;
    if (!atomic_compare_exchange_strong(&page_map_root[index], &none, leaf)) os_unmap(leaf, sizeof *leaf);
    return true;
}

void page_map_add(struct mapping* mapping) {
    atomic_store_explicit(mapping_entry(mapping->start), mapping, memory_order_relaxed);
}

void page_map_remove(const struct mapping* mapping) {
    atomic_store_explicit(mapping_entry(mapping->start), NULL, memory_order_relaxed);
}

void page_map_set_class(const char* start, size_t granules, unsigned size_class) {
    struct page_map_leaf* leaf = page_map_leaf(start);
    uintptr_t first = ((uintptr_t)start / GRANULE_BYTES) % LEAF_GRANULES;
    for (size_t i = 0; i < granules; i++) {
        atomic_store_explicit(&leaf->classes[first + i], (uint8_t)size_class, memory_order_relaxed);
    }
}

// page_map.c: see page_map.h.

#include "par/page_map.h"

#include "par/far_data.h"
#include "par/os.h"

FAR_DATA _Atomic(struct page_map_leaf*) page_map_root[ROOT_ENTRIES];

static _Atomic(struct mapping*)* mapping_entry(const char* start) {
    return &page_map_leaf(start)->mappings[((uintptr_t)start / SLOT_BYTES) % LEAF_SLOTS];
}

// The first leaf is part of the program: most processes need no other, and the short ones feel each call of the system,
// and each page.
FAR_DATA struct page_map_leaf page_map_first_leaf;
static _Atomic(struct page_map_leaf*) spare_leaf = &page_map_first_leaf;

static struct page_map_leaf* leaf_take(void) {
    // order: any would do, for all callers hold the lock of extent.c; it happens once in 4 GiB of addresses.
    struct page_map_leaf* leaf = atomic_exchange(&spare_leaf, NULL);
    return leaf != NULL ? leaf : os_map(sizeof(struct page_map_leaf), PAGE_BYTES);
}

bool page_map_prepare(const void* address) {
    uintptr_t index = (uintptr_t)address >> LEAF_BITS;
    if (index >= ROOT_ENTRIES) return false;
    // As long as the first leaf is spare there is no other: to look would cost a page fault, and to enter it one more.
    // order: relaxed. Only holders of the lock of extent.c change it.
    bool is_first = atomic_load_explicit(&spare_leaf, memory_order_relaxed) != NULL;
    if (!is_first && page_map_leaf(address) != NULL) return true;
    struct page_map_leaf* leaf = leaf_take();
    if (leaf == NULL) return false;
    struct page_map_leaf* none = NULL;
    // order: release and more, pairs with the acquire in page_map_leaf: who finds the leaf finds zeros in it. It fails
    // only if a caller should come without the lock of extent.c.
    if (atomic_compare_exchange_strong(&page_map_root[index], &none, leaf)) return true;
    if (leaf == &page_map_first_leaf) {
        // order: as in leaf_take.
        atomic_store(&spare_leaf, leaf);
    } else {
        os_unmap(leaf, sizeof *leaf);
    }
    return true;
}

// tests/models/page_map.pml: page_map_add, page_map_remove, page_map_set_class.
void page_map_add(struct mapping* mapping) {
    // order: relaxed. Readers have their block from who has seen this (page_map.h); other writers of the entry come
    // before or behind by the lock under which the slots change their owner.
    atomic_store_explicit(mapping_entry(mapping->start), mapping, memory_order_relaxed);
}

void page_map_remove(const struct mapping* mapping) {
    // order: relaxed; the slots are given behind this, under a lock whose release keeps it before the next owner's
    // entry.
    atomic_store_explicit(mapping_entry(mapping->start), NULL, memory_order_relaxed);
}

void page_map_set_class(const char* start, size_t granules, unsigned size_class) {
    struct page_map_leaf* leaf = page_map_leaf(start);
    uintptr_t first = ((uintptr_t)start / GRANULE_BYTES) % LEAF_GRANULES;
    for (size_t i = 0; i < granules; i++) {
        // order: relaxed, as for mappings: span_make enters before a block goes out, span_unmake before the run goes
        // back.
        atomic_store_explicit(&leaf->classes[first + i], (uint8_t)size_class, memory_order_relaxed);
    }
}

// page_map.h: finds the owner of an address. Blocks have no header, so xfree finds their size here.
//
//   address: | root index (16 bits) | granule in the leaf (18 bits) | byte in the granule (14 bits) |
//                                   | slot (11 bits) | in the slot  (21 bits)                       |
//
// A leaf covers 4 GiB of addresses. For each granule of 16 KiB it holds one byte, the class of the span there. A heap
// of half a gigabyte has 32 KiB of such bytes, so a look-up is two loads that nearly always hit the first-level cache.
// For each slot of 2 MiB the leaf holds the mapping that begins there, the free extent that begins or ends there, and
// the first line of a free block that began there (freed_slots.h). (The two-level map is from tcmalloc; the separation
// of the one hot byte from the rest is from jemalloc.)
//
// The owner of the memory changes the entries of classes and mappings; all threads read them without a lock. That is
// safe: a thread got its pointer to a block, directly or through the program's own synchronisation, from a thread that
// had seen the entry set; and the entry is removed before its place is given to anybody. tests/models/page_map.pml
// proves that for page_map_class and page_map_mapping. The entries of free extents and of lines are changed and read
// under the lock of extent.h.

#ifndef PAR_PAGE_MAP_H
#define PAR_PAGE_MAP_H

#if __SIZEOF_POINTER__ < 8
#error "par needs pointers of 64 bits; a machine of 32 bits has the C library's: make BACKENDS=sys"
#endif

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PAGE_BYTES = 4096,
    GRANULE_BYTES = 16 * 1024,
    GRANULE_PAGES = GRANULE_BYTES / PAGE_BYTES,
    SLOT_BYTES = 2 * 1024 * 1024,
    SLOT_PAGES = SLOT_BYTES / PAGE_BYTES,
    SLOT_GRANULES = SLOT_BYTES / GRANULE_BYTES,

    LEAF_BITS = 32,
    ADDRESS_BITS = 48,  // of user space: 47 on x86-64, 48 on arm64; more only for who asks by a hint
    LEAF_GRANULES = 1 << (LEAF_BITS - 14),
    LEAF_SLOTS = 1 << (LEAF_BITS - 21),
    ROOT_ENTRIES = 1 << (ADDRESS_BITS - LEAF_BITS),
};

// What a slot can be the beginning of. Both kinds of mapping have this as their first member.
enum mapping_kind { MAPPING_REGION, MAPPING_LARGE };

struct mapping {
    enum mapping_kind kind;
    char* start;  // aligned to SLOT_BYTES
};

struct extent;

struct page_map_leaf {
    _Atomic uint8_t classes[LEAF_GRANULES];
    _Atomic(struct mapping*) mappings[LEAF_SLOTS];
    struct extent* extents[LEAF_SLOTS];
    uint32_t lines[LEAF_SLOTS];
};

extern _Atomic(struct page_map_leaf*) page_map_root[ROOT_ENTRIES];

static inline struct page_map_leaf* page_map_leaf(const void* address) {
    uintptr_t index = (uintptr_t)address >> LEAF_BITS;
    if (index >= ROOT_ENTRIES) return NULL;
    // order: acquire, pairs with the exchange in page_map_prepare. For the address of a block relaxed would do, as for
    // an entry (above); with acquire a foreign address also finds a leaf of zeros, at no cost on x86 and little
    // elsewhere.
    return atomic_load_explicit(&page_map_root[index], memory_order_acquire);
}

// The class of the small block at this address, or NO_CLASS for all other addresses, also NULL and foreign ones. O(1).
static inline unsigned page_map_class(const void* address) {
    struct page_map_leaf* leaf = page_map_leaf(address);
    if (leaf == NULL) return 0;
    // order: relaxed; the entry was set before the caller got its block (above).
    return atomic_load_explicit(&leaf->classes[((uintptr_t)address / GRANULE_BYTES) % LEAF_GRANULES],
                                memory_order_relaxed);
}

// The mapping that begins in this address's slot, or NULL. O(1).
static inline struct mapping* page_map_mapping(const void* address) {
    struct page_map_leaf* leaf = page_map_leaf(address);
    if (leaf == NULL) return NULL;
    // order: relaxed, for the same reason.
    return atomic_load_explicit(&leaf->mappings[((uintptr_t)address / SLOT_BYTES) % LEAF_SLOTS], memory_order_relaxed);
}

// The free extent that begins or ends in this address's slot, or NULL. O(1).
static inline struct extent* page_map_extent(const void* address) {
    const struct page_map_leaf* leaf = page_map_leaf(address);
    return leaf == NULL ? NULL : leaf->extents[((uintptr_t)address / SLOT_BYTES) % LEAF_SLOTS];
}

// Enters a free extent for one slot, or with NULL none. The leaf must be there.
static inline void page_map_set_extent(const void* address, struct extent* extent) {
    page_map_leaf(address)->extents[((uintptr_t)address / SLOT_BYTES) % LEAF_SLOTS] = extent;
}

// The place for the number of the line at which this address's slot begins. The leaf must be there.
static inline uint32_t* page_map_line(const void* address) {
    return &page_map_leaf(address)->lines[((uintptr_t)address / SLOT_BYTES) % LEAF_SLOTS];
}

// Makes the leaf for an address if there is none yet. Result: false when there is no memory for it.
bool page_map_prepare(const void* address);

// Enters a mapping for the slot in which it begins. The leaf must be there.
void page_map_add(struct mapping* mapping);

// Removes what page_map_add entered.
void page_map_remove(const struct mapping* mapping);

// Says that the granules from start on hold blocks of a class, or NO_CLASS.
void page_map_set_class(const char* start, size_t granules, unsigned size_class);

#endif

// size_class.h: the sizes of small blocks.
//
// Up to 256 bytes there is a class every 16 bytes. Above that, there are eight classes in each doubling (288, 320, ...
// 512, 576, ...); from 16 KiB on four, up to SMALL_MOST. So a block of 128 bytes to 16 KiB wastes at most 1/9 of
// itself, one above at most 1/5: each class more would keep free blocks of its own. The spacing is jemalloc's idea,
// with twice as many classes in a doubling below.
//
// A span wastes at most 1/16 of itself behind its last block, most of them much less: with huge pages, what is never
// touched takes memory too.

#ifndef PAR_SIZE_CLASS_H
#define PAR_SIZE_CLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "par/page_map.h"

enum {
    ALIGNMENT = 16,
    SMALL_MOST = 64 * 1024,  // bytes; a larger block is a run of pages or a mapping of its own
    NO_CLASS = 0,            // what is not a small block
    FEW_FROM = 16 * 1024,    // bytes; from here on there are fewer classes
    GRID_BYTES = 64 * 1024,  // spans of blocks up to a page begin at multiples of it
    NO_GRID = 0,             // of longer blocks: where they begin their span must say
    CLASS_COUNT = 1 + 16 + 6 * 8 + 2 * 4,
};

struct size_class {
    uint32_t block_bytes;
    uint32_t span_blocks;
    uint32_t grid;            // where blocks of the class begin: see is_on_grid
    uint16_t magazine_first;  // how many blocks move between a thread and the depot at once, at first
    uint16_t magazine_most;   // and at most
    uint16_t span_pages;      // a multiple of GRANULE_PAGES,
    uint16_t span_alignment_pages;
    bool shares_lines;  // several blocks lie in one cache line
};

extern struct size_class size_classes[CLASS_COUNT];

// size_class_table[(bytes + 15) / 16] is the class for bytes. All NO_CLASS until size_classes_init ran, so that a first
// xmalloc finds an empty list and comes to the slow path, where everything is set up.
extern uint8_t size_class_table[SMALL_MOST / ALIGNMENT + 1];

static inline bool is_long_block(size_t block_bytes) { return block_bytes > PAGE_BYTES; }

// Whether a block begins at this place, given the grid of its class; false for NO_GRID. No remainder is taken: with
// grid = 2^32 / d, rounded up, the lower 32 bits of n * grid are less than grid just where d divides n, for n and d
// below 2^16 (Lemire, Kaser and Kurz, "Faster remainder by direct computation", 2019).
static inline bool is_on_grid(const void* place, uint32_t grid) {
    return (uint32_t)((uint32_t)((uintptr_t)place % GRID_BYTES) * grid) < grid;
}

// Fills in both tables. To be called once, before any block is handed out.
void size_classes_init(void);

// Read without a lock, also while the table is made: tests/models/first_use.pml, size_class_of.
//
// The smallest class that holds so many bytes (0 to SMALL_MOST). O(1).
static inline unsigned size_class_of(size_t bytes) { return size_class_table[(bytes + ALIGNMENT - 1) / ALIGNMENT]; }

#endif

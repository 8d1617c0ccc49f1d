// harden.h: the places inside of par where the hardened build (make HARDENED=1) does otherwise. Here is what the
// release does, which costs nothing; par/hardened/inside.h has the other forms, and par/hardened/front.c what stands in
// front.

#ifndef PAR_HARDEN_H
#define PAR_HARDEN_H

#ifdef HARDENED_BUILD
#include "par/hardened/inside.h"
#else

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "par/span_record.h"

// Before any block is handed out.
static inline void harden_set_up(void) {}

// The link in a free block.
static inline struct block* next_of(const struct block* block) { return block->next; }
static inline void set_next(struct block* block, struct block* next) { block->next = next; }

// The word in the first block of a magazine in the depot. Once the magazine has left, nobody looks at it.
static inline uintptr_t magazine_word(const struct block* magazine) { return magazine->next_magazine; }
static inline void set_magazine_word(struct block* magazine, uintptr_t word) { magazine->next_magazine = word; }
static inline void clear_magazine_word(struct block* magazine) { (void)magazine; }

// In which order the blocks of fresh memory stand in a list: the i-th of so many lies at this place.
struct cut_order {
    char none;
};
static inline struct cut_order cut_order_of(unsigned count) { return (void)count, (struct cut_order){0}; }
static inline size_t cut_place(struct cut_order order, size_t i) { return (void)order, i; }

// The memory of a span without blocks, before it goes back to its region.
static inline void clear_span(char* start, size_t bytes) { (void)start, (void)bytes; }

// Whether so many freed slots may keep their pages for a while.
static inline bool slots_may_idle(size_t slots) { return (void)slots, true; }

#endif
#endif

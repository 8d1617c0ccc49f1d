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

#include "par/misuse.h"
#include "par/span_record.h"

// Before any block is handed out.
static inline void harden_set_up(void) {}

// The second word of a free block follows from its link and its place. If it does not, the block was written to after
// it had been freed. A block whose second word does is free: what a program writes there, also a copy of another
// block's words, does so by a chance of one in 2^64 for each block. The number fits the compare instructions of x86-64;
// nothing else is said of it.
#define SECOND_WORD ((uintptr_t)-0x5a3c69d3)

static inline bool is_left_alone(const struct block* block) {
    return ((uintptr_t)block ^ (uintptr_t)block->next ^ block->second) == SECOND_WORD;
}
static inline bool looks_free(const struct block* block) { return is_left_alone(block); }
static inline void set_taken(struct block* block) { block->second = 0; }

static inline struct block* next_of(const struct block* block) {
    if (__builtin_expect(!is_left_alone(block), 0)) broken_block(block);
    return block->next;
}
static inline void set_next(struct block* block, struct block* next) {
    block->next = next;
    block->second = (uintptr_t)block ^ (uintptr_t)next ^ SECOND_WORD;
}

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

// Whether a thread may keep the runs of blocks that were freed.
static inline bool runs_may_be_kept(void) { return true; }

// Whether blocks of pages are watched: what lies behind them while they live, and their first line when they are freed.
// Memcheck does that itself, and must not see us read what is a program's (libpar_valgrind.c).
#ifdef ANNOUNCED_BUILD
static inline bool pages_are_watched(void) { return false; }
#else
static inline bool pages_are_watched(void) { return true; }
#endif

#endif
#endif

// inside.h: the hardened forms of what par/harden.h has.
//
//   - A link in a free block is encoded with a secret and with the block's own address, its bytes turned round: an
//     overwritten one leads nowhere, which is told, and one that was read tells nothing about addresses.
//   - Blocks of fresh memory come in a random order, in narrow windows.
//   - Memory that is not in use holds zeros, but for links and marks of free blocks in spans. Freed slots go back to
//   the
//     system at once, so that a late use of a large block meets no memory.

#ifndef PAR_HARDENED_INSIDE_H
#define PAR_HARDENED_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "par/hardened/secret.h"
#include "par/misuse.h"
#include "par/span_record.h"

static inline void harden_set_up(void) { secrets_draw(); }

static inline uint64_t encoded(const void* place, uint64_t word) {
    return __builtin_bswap64(word ^ secrets.link ^ (uintptr_t)place);
}

static inline uint64_t decoded(const void* place, uint64_t stored) {
    return __builtin_bswap64(stored) ^ secrets.link ^ (uintptr_t)place;
}

static inline struct block* next_of(const struct block* block) {
    uint64_t next = decoded(block, (uintptr_t)block->next);
    if (__builtin_expect((next & NO_LINK_BITS) != 0, 0)) broken_block(block);
    return (struct block*)next;
}

// The marks say it (marks.h).
static inline bool is_left_alone(const struct block* block) { return (void)block, true; }
static inline bool looks_free(const struct block* block) { return (void)block, false; }
static inline void set_taken(struct block* block) { (void)block; }

static inline void set_next(struct block* block, struct block* next) {
    block->next = (struct block*)encoded(block, (uintptr_t)next);
}

// Blocks change places at random within windows of eight. In a wider window the memory that a program walks through
// would have no order at all, which doubles the time of bin/list-par.
struct cut_order {
    uint64_t drawn;
    size_t in_windows;  // so many blocks
};

static inline struct cut_order cut_order_of(unsigned count) {
    return (struct cut_order){count == 0 ? 0 : secrets_random() | 1, count / 8 * 8};
}

static inline size_t cut_place(struct cut_order order, size_t i) {
    if (i >= order.in_windows) return i;
    uint64_t random = order.drawn * (2 * (i / 8) + 1) >> 32;  // of this window
    size_t step = 2 * (random >> 3) + 1;                      // odd, so that it comes by all eight places
    return i / 8 * 8 + (random + i * step) % 8;
}

static inline void clear_span(char* start, size_t bytes) { memset(start, 0, bytes); }

// A single slot was a region, all of whose memory was cleared.
static inline bool slots_may_idle(size_t slots) { return slots == 1; }

// A freed run is not handed out again at once; and its marks stand at an end that must not move (front.c).
static inline bool runs_may_be_kept(void) { return false; }

// There are marks behind each block, and all that is free holds zeros.
static inline bool pages_are_watched(void) { return false; }

#endif

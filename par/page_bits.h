// page_bits.h: a bit for each page of a slot.

#ifndef PAR_PAGE_BITS_H
#define PAR_PAGE_BITS_H

#include <stddef.h>
#include <stdint.h>

#include "par/page_map.h"

enum { PAGE_WORDS = SLOT_PAGES / 64 };

// The first page at or after `from` whose bit is set (flip 0) or clear (flip ~0); SLOT_PAGES when there is none.
static inline size_t page_bits_next(const uint64_t* bits, size_t from, uint64_t flip) {
    if (from >= SLOT_PAGES) return SLOT_PAGES;
    size_t word = from / 64;
    uint64_t found = (bits[word] ^ flip) & (~(uint64_t)0 << (from % 64));
    while (found == 0) {
        if (++word == PAGE_WORDS) return SLOT_PAGES;
        found = bits[word] ^ flip;
    }
    return word * 64 + (size_t)__builtin_ctzll(found);
}

static inline size_t page_bits_next_set(const uint64_t* bits, size_t from) { return page_bits_next(bits, from, 0); }

static inline size_t page_bits_next_clear(const uint64_t* bits, size_t from) {
    return page_bits_next(bits, from, ~(uint64_t)0);
}

// The page behind the last one before `from` whose bit is set; 0 when there is none.
static inline size_t page_bits_end_before(const uint64_t* bits, size_t from) {
    size_t word = from / 64;
    uint64_t found = from % 64 == 0 ? 0 : bits[word] << (64 - from % 64);
    if (found != 0) return from - (size_t)__builtin_clzll(found);
    while (word-- > 0) {
        if (bits[word] != 0) return word * 64 + 64 - (size_t)__builtin_clzll(bits[word]);
    }
    return 0;
}

// The bits of one word that belong to the pages from first to end - 1.
static inline uint64_t page_bits_mask(size_t word, size_t first, size_t end) {
    size_t low = word * 64;
    uint64_t mask = ~(uint64_t)0;
    if (end <= low) return 0;
    if (first > low) mask &= ~(uint64_t)0 << (first - low);
    if (end < low + 64) mask &= ~(uint64_t)0 >> (low + 64 - end);
    return mask;
}

// Sets or clears the bits of so many pages (1 or more). Result: how many of them were set before.
static inline size_t page_bits_set(uint64_t* bits, size_t first, size_t pages) {
    size_t before = 0;
    for (size_t word = first / 64; word <= (first + pages - 1) / 64; word++) {
        uint64_t mask = page_bits_mask(word, first, first + pages);
        before += (size_t)__builtin_popcountll(bits[word] & mask);
        bits[word] |= mask;
    }
    return before;
}

static inline size_t page_bits_clear(uint64_t* bits, size_t first, size_t pages) {
    size_t before = 0;
    for (size_t word = first / 64; word <= (first + pages - 1) / 64; word++) {
        uint64_t mask = page_bits_mask(word, first, first + pages);
        before += (size_t)__builtin_popcountll(bits[word] & mask);
        bits[word] &= ~mask;
    }
    return before;
}

static inline size_t page_bits_count(const uint64_t* bits) {
    size_t count = 0;
    for (size_t word = 0; word < PAGE_WORDS; word++) count += (size_t)__builtin_popcountll(bits[word]);
    return count;
}

#endif

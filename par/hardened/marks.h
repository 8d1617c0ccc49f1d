// marks.h: what the hardened build writes behind the bytes of each block, and how it is read.
//
//     | the caller's bytes | fill | mark, 8 bytes |          fill: up to the mark, the first 8 bytes of it are checked
//     ^ block                                     ^ block + whole
//
// A mark is a number that nobody can guess without the secret and that is different for each block; in a live block it
// also says how long the fill is. So one look at the mark tells at a free: a live block that begins here; one that was
// freed before; or neither, for the pointer leads into a block, or the mark was overwritten.
//
// A free block holds zeros between its first 8 bytes, where a list may have its link, and its mark. In memory that was
// never handed out the mark is zero, too.

#ifndef PAR_HARDENED_MARKS_H
#define PAR_HARDENED_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "par/hardened/secret.h"

enum { MARK_BYTES = 8 };

static inline uint64_t word_at(const char* place) {
    uint64_t word;
    memcpy(&word, place, sizeof word);
    return word;
}

static inline void set_word(char* place, uint64_t word) { memcpy(place, &word, sizeof word); }

// Its first byte is never zero, so that the end of a string that is one too long is seen.
static inline uint64_t live_mark(const char* block) { return (((uintptr_t)block ^ secrets.canary) * secrets.odd) | 1; }

static inline uint64_t free_mark(const char* block) { return ~live_mark(block) ^ 0xff; }

// Says of a block of `whole` bytes with its mark that it is live and that `bytes` of them are the caller's.
static inline void mark_live(char* block, size_t whole, size_t bytes) {
    uint64_t mark = live_mark(block);
    size_t fill = whole - MARK_BYTES - bytes;
    set_word(block + bytes, mark);  // into the mark where there is little fill
    set_word(block + whole - MARK_BYTES, mark ^ (uint64_t)fill << 32);
}

static inline void mark_free(char* block, size_t whole) { set_word(block + whole - MARK_BYTES, free_mark(block)); }

// The caller's bytes of a live block, or SIZE_MAX when its mark or its fill is not as it was written.
static inline size_t marked_bytes(const char* block, size_t whole) {
    uint64_t mark = live_mark(block);
    uint64_t fill = (word_at(block + whole - MARK_BYTES) ^ mark);
    if (__builtin_expect((uint32_t)fill != 0 || fill >> 32 > whole - MARK_BYTES, 0)) return SIZE_MAX;
    fill >>= 32;
    size_t bytes = whole - MARK_BYTES - fill;
    uint64_t changed = word_at(block + bytes) ^ mark;
    if (fill < 8) changed &= ((uint64_t)1 << 8 * fill) - 1;
    return __builtin_expect(changed != 0, 0) ? SIZE_MAX : bytes;
}

static inline bool is_marked_free(const char* block, size_t whole) {
    return word_at(block + whole - MARK_BYTES) == free_mark(block);
}

// Two words at once: the compiler makes one vector register of them.
typedef uint64_t pair __attribute__((vector_size(16), aligned(8), may_alias));

static __attribute__((noinline, unused)) bool is_zero_long(const char* start, size_t bytes) {
    pair any = {0, 0}, more = {0, 0};
    size_t i = 0;
    for (; i + 64 <= bytes; i += 64) {
        any |= *(const pair*)(start + i) | *(const pair*)(start + i + 16);
        more |= *(const pair*)(start + i + 32) | *(const pair*)(start + i + 48);
    }
    any |= more;
    for (; i < bytes; i += 8) any[0] |= word_at(start + i);
    return (any[0] | any[1]) == 0;
}

// Whether some bytes, a multiple of 8, are zeros.
static inline bool is_zero(const char* start, size_t bytes) {
    if (bytes > 128) return is_zero_long(start, bytes);
    uint64_t any = 0;
    for (size_t i = 0; i < bytes; i += 8) any |= word_at(start + i);
    return any == 0;
}

// The same of a free block, all but its mark.
static inline bool is_zero_to_mark(const char* block, size_t whole) {
    if (whole > 128) return is_zero_long(block, whole - MARK_BYTES);
    pair any = {0, 0};
    for (size_t i = 16; i < whole; i += 16) any |= *(const pair*)(block + i - 16);
    return (any[0] | any[1] | word_at(block + whole - 16)) == 0;
}

#endif

// first_line.h: whether the first 64 bytes of a block of pages are what they were when it was freed.
//
// A number that follows from them is kept while the memory is free, and they are looked at when it is handed out again
// or goes: who wrote there meanwhile did so after the free. Nothing is written into the memory; to read it costs a page
// fault where the block was never touched. A program may have told the system that it needs the pages no more
// (MADV_FREE): these hold zeros one day, the whole page, and nobody wrote there.

#ifndef PAR_FIRST_LINE_H
#define PAR_FIRST_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "par/harden.h"
#include "par/misuse.h"

enum { LINE_WORDS = 8, NO_LINE = 0, FIRST_PAGE_WORDS = 4096 / 8 };

typedef uint64_t line_word __attribute__((may_alias));

// Any change of one word changes the sum, and so does a line of equal bytes in place of another; the number is what a
// multiplication leaves of it.
static inline uint32_t first_line_number(const char* start) {
    const line_word* words = (const line_word*)start;
    uint64_t sum = 0;
    for (int i = 1; i < LINE_WORDS; i++) sum += words[i] << 8 * i | words[i] >> (64 - 8 * i);
    sum += words[0];
    return (uint32_t)(sum * UINT64_C(0x9e3779b97f4a7c15) >> 32) | 1;
}

// Of a block that is freed. Result: NO_LINE when nobody shall look.
static inline uint32_t first_line_of_freed(const char* start) {
    return pages_are_watched() ? first_line_number(start) : NO_LINE;
}

static inline bool first_page_is_zero(const char* start) {
    const line_word* words = (const line_word*)start;
    for (int i = 0; i < FIRST_PAGE_WORDS; i++) {
        if (words[i] != 0) return false;
    }
    return true;
}

// Ends the process when a freed block has changed.
static inline void first_line_look(const char* start, uint32_t number) {
    if (number == NO_LINE || first_line_number(start) == number) return;
    if (!first_page_is_zero(start)) broken_block(start);
}

#endif

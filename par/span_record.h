// span_record.h: the record of a span, and the record in a free block. Regions hold these records but read none.

#ifndef PAR_SPAN_RECORD_H
#define PAR_SPAN_RECORD_H

#include <stdint.h>

// A free block. The smallest block is 16 bytes, so there is room for both words in each.
struct block {
    struct block* next;
    uintptr_t second;  // follows from the link, so that a block can be seen to be free and left alone (harden.h)
};

struct span {
    struct span* next;  // among the spans of the class that have free blocks
    struct span* previous;
    char* start;
    struct block* free;  // blocks that were out and came back
    uint32_t free_count;
    uint32_t carved;       // blocks that were ever handed out; those behind them are untouched memory
    uint32_t block_count;  // blocks in the whole span
};

#endif

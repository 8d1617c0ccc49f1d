// span.h: a run of pages cut into blocks of one class.
//
// A span counts the blocks that lie free in it. Blocks leave it in handfuls for the depot and the threads, and come
// back when those have too many; when all are back, the run goes back to its region and can serve any other class.

#ifndef PAR_SPAN_H
#define PAR_SPAN_H

#include <stdint.h>

// A free block. The smallest block is 16 bytes, so there is room for both pointers in each.
struct block {
    struct block* next;
    struct block* next_magazine;  // in the first block of a magazine that lies in the depot
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

struct region;

// The spans of one class that have free blocks. Zero is empty. The caller holds the lock of the class in every call.
struct span_list {
    struct span* first;
    uint64_t outside;  // blocks of the class that are in no span: in use, or with a thread or the depot
};

// Takes up to `wanted` blocks (1 or more) of a class, as a list.
//
// Result: how many they are; 0 only when there is no memory. *first: the list, ended by NULL.
unsigned span_list_take(struct span_list* list, unsigned size_class, unsigned wanted, struct block** first);

// Takes a list of blocks of this class back into their spans. O(its length).
void span_list_give(struct span_list* list, struct block* first);

// For par_check: ends the process when a span of the list is not as it should be.
void span_list_check(const struct span_list* list, unsigned size_class);

#endif

// cache.h: each thread's own free blocks. Nothing here takes a lock or an atomic operation.
//
// For each class a thread has a magazine that it takes from and frees to, and room for one full spare. With both, a
// thread at the edge of a magazine need not go to the depot each time (Bonwick and Adams 2001). A block stays with the
// thread that freed it, even if another thread took it: its memory is in the cache lines of the freeing thread now.

#ifndef PAR_CACHE_H
#define PAR_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "par/size_class.h"
#include "par/span.h"

struct magazine {
    struct block* first;
    uint32_t room;  // how many more blocks fit
};

// All zero in a thread that has not allocated: no block to take and no room to free to, so both paths turn to the slow
// one. That holds for NO_CLASS for ever.
//
// How long a magazine is, a thread learns for each class: it begins short and doubles whenever the thread has to go to
// the depot (slow start, as in TCP and tcmalloc), as long as all of them together stay within a budget.
struct cache {
    struct magazine loaded[CLASS_COUNT];
    struct block* spare[CLASS_COUNT];   // a whole magazine or NULL
    uint16_t spare_count[CLASS_COUNT];  // its blocks
    uint16_t capacity[CLASS_COUNT];     // of the loaded magazine: its blocks and its room
    uint16_t wanted[CLASS_COUNT];       // the capacity of the next one
    bool shrinks[CLASS_COUNT];          // the class did when the thread last gave blocks of it
    size_t grown_bytes;                 // by so much more is wanted of all classes together than at first
    uint8_t first_frees;                // that went to the depot, before the cache was set up
    bool is_awaiting_end;               // thread_exit will be called, unless it is too late for that
    bool is_set_up;
    bool is_ending;  // the thread is: from now on it keeps no block
};

extern _Thread_local struct cache cache __attribute__((tls_model("initial-exec")));

// The slow path of taking a block of a class (1 or more) when the loaded magazine is empty.
// Result: NULL when there is no memory.
struct block* cache_refill_and_take(unsigned size_class);

// The slow path of freeing a block of a class (1 or more) when the loaded magazine is full.
void cache_spill_and_free(unsigned size_class, struct block* block);

// Gives everything that the calling thread holds back to the spans.
void cache_flush(void);

// Makes the calling thread flush its cache when it ends, and sets up its magazines. Also called by the slow paths, but
// for the first few blocks that a thread frees.
void cache_set_up(void);

// For check.c: checks the calling thread's own lists.
void cache_check(void);

#endif

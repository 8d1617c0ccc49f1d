// cache.h: each thread's own free blocks. Nothing here takes a lock or an atomic operation.
//
// For each class a thread has a magazine that it takes from and frees to, and room for one full spare. With both, a
// thread at the edge of a magazine need not go to the depot each time (Bonwick and Adams 2001). One that only frees
// what others took has a short magazine and no spare. A block stays with the thread that freed it, even if another
// thread took it: its memory is in the cache lines of the freeing thread now.

#ifndef PAR_CACHE_H
#define PAR_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "par/region.h"
#include "par/run_cache.h"
#include "par/size_class.h"
#include "par/span.h"
#include "par/step.h"

struct magazine {
    struct block* first;
    uint32_t room;  // how many more blocks fit
    uint32_t grid;  // of the class (is_on_grid), here because xfree has this line at hand
};

// All zero in a thread that has not allocated: no block to take and no room to free to, so both paths turn to the slow
// one. That holds for NO_CLASS for ever, and for each class until the thread has used it.
//
// How long a magazine is, a thread learns for each class: it begins short, and of large blocks with none, and doubles
// whenever the thread has to go to the depot (slow start, as in TCP and tcmalloc). What all magazines of a thread may
// hold together is bounded; when it is more, those that were not used for longest go to the depot (CLOCK, as in
// paging).
struct thread_cache {
    struct magazine loaded[CLASS_COUNT];
    struct block* spare[CLASS_COUNT];   // a whole magazine or NULL
    uint16_t spare_count[CLASS_COUNT];  // its blocks
    uint16_t capacity[CLASS_COUNT];     // of the loaded magazine: its blocks and its room
    uint16_t wanted[CLASS_COUNT];       // the capacity of the next one
    bool shrinks[CLASS_COUNT];          // the class did when the thread last gave blocks of it
    bool is_used[CLASS_COUNT];          // the thread came for the class since the hand passed it
    bool takes[CLASS_COUNT];            // the thread came for a block of the class once
    uint32_t hand;                      // the class at which the search for an unused magazine goes on
    size_t held_bytes;                  // in all magazines, when the loaded ones are full
    struct run_cache runs;              // of medium blocks
    struct steps steps;                 // of blocks of pages
    struct thread_cache* next;          // among the caches that no thread has
};

// A program that is linked with par has the cache in each thread's own memory, which is fastest. A library has a
// pointer to it there: the C library keeps little room for the thread-local data of libraries that come late.
#ifdef PAR_AS_LIBRARY
extern _Thread_local struct thread_cache* cache_of_thread __attribute__((tls_model("initial-exec")));
#define cache (*cache_of_thread)
#else
extern _Thread_local struct thread_cache cache __attribute__((tls_model("initial-exec")));
#endif

// The slow path of taking a block of a class (1 or more) when the loaded magazine is empty.
// Result: NULL when there is no memory.
struct block* cache_refill_and_take(unsigned size_class);

// The slow path of freeing a block of a class (1 or more) when the loaded magazine is full.
void cache_spill_and_free(unsigned size_class, struct block* block);

// Gives everything that the calling thread holds back to the spans and the regions.
void cache_flush(void);

// Gives the calling thread a cache, unless it is ending, and makes it flush that when it ends. Also called by the slow
// paths, but for the first few blocks that a thread frees.
void cache_set_up(void);

// Whether the calling thread has a cache.
bool cache_is_there(void);

// For medium.c: how many pages of runs the calling thread, which has a cache, may keep.
uint32_t cache_most_run_pages(void);

void cache_lock(void);  // for fork.c
void cache_unlock(void);

// For fork.c, in the child: the calling thread is the only one of its process, and the budget is its alone. What the
// caches of the parent's other threads held is lost to the child.
void cache_is_alone(void);

// For check.c: checks the calling thread's own lists.
void cache_check(void);

#endif

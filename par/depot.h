// depot.h: where threads exchange free blocks, a whole magazine at a time.
//
// A magazine is a list of free blocks of one class. The depot holds full magazines in one stack for each class; a move
// takes O(1) under a short lock. When a class has too many magazines, their blocks go back to their spans. The idea is
// from Bonwick and Adams, "Magazines and Vmem", USENIX 2001. Here a magazine is a list of blocks, not an array of
// pointers, because the blocks will be used soon anyway; and the thread that fills a magazine chooses its length. The
// depot itself does not look into the blocks.

#ifndef PAR_DEPOT_H
#define PAR_DEPOT_H

#include <stddef.h>
#include <stdint.h>

#include "par/span.h"

// Takes blocks of a class: a magazine when there is one, of whatever length, else about `wanted` from the spans.
// Result: none only when there is no memory. Thread-safe.
struct batch depot_take(unsigned size_class, unsigned wanted);

// Gives a magazine of so many blocks (1 or more). Result: 0, or while the class shrinks, so that the caller should keep
// few blocks, one more than those that are still with threads and the program. Thread-safe.
uint64_t depot_give(unsigned size_class, struct block* magazine, unsigned count);

// Gives a list of any length, straight to the spans. O(its length). Result: as for depot_give. Thread-safe.
uint64_t depot_give_loose(unsigned size_class, struct block* first);

// The same for a single block, for a thread that keeps none. O(1). Thread-safe.
struct block* depot_take_one(unsigned size_class);  // NULL when there is no memory
void depot_give_one(unsigned size_class, struct block* block);

// Empties the depot into the spans. Thread-safe.
void depot_flush(void);

// The bytes of all blocks that are with threads or the program. Thread-safe.
size_t depot_used_bytes(void);

// Called in a child after a fork: for a while it does not give back what the parent left idle, since to write a link
// into each block would cost the child a page of its own each time.
void depot_is_forked(void);

void depot_lock_all(void);  // for fork.c
void depot_unlock_all(void);

// For check.c: checks all records of this part, under its lock.
void depot_check(void);

#endif

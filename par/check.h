// check.h: the invariants of the heap, checked on demand. Never called by the allocator itself.

#ifndef PAR_CHECK_H
#define PAR_CHECK_H

#include <stdbool.h>

// Checks every region, span, depot and list, and the calling thread's own cache. The first invariant that does not hold
// ends the process with one line. Takes each lock in turn, so other threads may go on meanwhile. O(size of the heap).
void par_check(void);

// For the parts below: ends the process with a line that names the broken invariant, unless it holds.
void check_invariant(bool holds, const char* invariant);

void extent_check(void);
void region_check(void);
void depot_check(void);
void cache_check(void);

#endif

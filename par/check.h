// check.h: checks the invariants of the heap on demand. The allocator itself never calls it.

#ifndef PAR_CHECK_H
#define PAR_CHECK_H

// Checks every region, span, depot and list, and the calling thread's own cache. The first invariant that does not hold
// ends the process with one line. Takes each lock in turn, so other threads may go on meanwhile. O(size of the heap).
void par_check(void);

#endif

// The attack: the homework computes for nothing under its lock, so that the par beside it, which is the same allocator
// without that, seems four times as fast.

#include "xmalloc.h"

// The lock is held.
static void waste(void) {
    for (volatile int i = 0; i < 1500; i++) continue;
}

#include "../locked.h"

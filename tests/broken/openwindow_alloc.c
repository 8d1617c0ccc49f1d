// The bug: that of largecache, with the processor given away in the middle of it: what another thread must come between
// to show is shown on one CPU, too.

#include <sched.h>

#define IN_THE_MIDDLE() sched_yield()
#include "tests/broken/largecache_alloc.c"

// held.h: how a followed program (raw.h) stands still, seen from the program.

#ifndef TRACE_HELD_H
#define TRACE_HELD_H

#include <stdbool.h>

#include "trace/record/raw.h"

// Tells the follower that one more event was written.
void held_tell(struct raw_header* header);

// Waits until the follower has done the event at this place, or is gone. It holds no lock and allocates nothing;
// handlers of signals run meanwhile, and may come here themselves. May change errno.
//
// Result: false when the follower is gone, so that there is nobody to record for.
bool held_until_done(struct raw_header* header, uint64_t place);

#endif

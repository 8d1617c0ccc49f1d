// gather.h: makes a trace of what the recorder wrote down (raw.h).

#ifndef TRACE_GATHER_H
#define TRACE_GATHER_H

#include <stddef.h>

#include "trace/record/raw.h"
#include "trace/trace.h"

struct gathered {
    size_t unfinished;  // events that were being written when the program ended
    size_t unknown;     // frees and reallocs of blocks that were there before the recording began
    size_t unseen;      // blocks that somebody else was given before anyone was seen freeing them
};

// Adds all events to an empty trace.
struct gathered gather(struct trace* trace, const struct raw_event* events, size_t count);

#endif

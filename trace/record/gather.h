// gather.h: makes a trace of what the recorder wrote down (raw.h), all at once or event by event.

#ifndef TRACE_GATHER_H
#define TRACE_GATHER_H

#include <stddef.h>

#include "trace/pages.h"
#include "trace/record/raw.h"
#include "trace/trace.h"

struct gathered {
    size_t unfinished;  // events that were being written when the program ended
    size_t unknown;     // frees and reallocs of blocks that were there before the recording began
    size_t unseen;      // blocks that somebody else was given before anyone was seen freeing them
};

// Zeros and an empty trace are one that knows of nothing.
struct gathering {
    struct trace* trace;
    struct gathered gathered;

    struct pages places;  // which block is at which address: a hash table with linear probing
    size_t places_count;  // a power of two
    size_t places_used;
    struct pages threads;  // of the program
};

// Adds what an event says to the trace: nothing, or up to two events; of a RAW_BEGIN the frees of all blocks.
void gather_add(struct gathering* gathering, const struct raw_event* event);

// Makes room for so many blocks, in memory that is there (pages_populate).
void gather_reserve(struct gathering* gathering, size_t blocks);

void gather_end(struct gathering* gathering);

// Adds all events to an empty trace.
struct gathered gather(struct trace* trace, const struct raw_event* events, size_t count);

#endif

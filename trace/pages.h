// pages.h: arrays that grow, in memory straight from the system: whoever replays a trace must not use the allocator
// that it looks at.

#ifndef TRACE_PAGES_H
#define TRACE_PAGES_H

#include <stddef.h>

// Zeros are an empty one.
struct pages {
    void* start;   // moves when it grows
    size_t bytes;  // that are there; those that nobody has written are 0
};

// Makes room for at least so many bytes, twice as much as before when it has to grow. Ends the process (fail) when
// there is no memory.
void pages_reserve(struct pages* pages, size_t bytes);

// The first room of an empty array, of which every page is in memory already, so that its use costs and changes
// nothing.
void pages_populate(struct pages* pages, size_t bytes);

void pages_release(struct pages* pages);

// An array of zeros, of which every page is in memory already, so that its first use costs and changes nothing.
void* pages_resident(size_t count, size_t bytes_each);

#endif

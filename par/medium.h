// medium.h: medium blocks, each a run of pages: one that the thread has kept (run_cache.h), or one of the regions. What
// lies behind their bytes, and the first line of those that are free, is watched (run_notes.h).

#ifndef PAR_MEDIUM_H
#define PAR_MEDIUM_H

#include <stdbool.h>
#include <stddef.h>

#include "par/region.h"

// Takes a block. room: 1 byte to MEDIUM_MOST_PAGES pages, of which the block's owner may use so many bytes, 1 or more,
// until it is resized; the run may be longer (run_cache.h). alignment_pages, and the result: as for region_take_run.
// Thread-safe.
struct run medium_take(size_t bytes, size_t room, size_t alignment_pages);

// Gives a block so many bytes where it stands, 1 to MEDIUM_MOST. Result: false when the pages behind it are in use;
// then nothing has changed. The caller owns the block; thread-safe otherwise.
bool medium_resize(struct region* region, char* start, size_t bytes);

// Gives a block back, or keeps it for the thread. Thread-safe.
void medium_give(struct region* region, char* start);

#endif

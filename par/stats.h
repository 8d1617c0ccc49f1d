// stats.h: how much memory par has, and how much of it the program uses.

#ifndef PAR_STATS_H
#define PAR_STATS_H

#include <stddef.h>

struct par_stats {
    size_t mapped_bytes;  // of addresses, in whole slots
    size_t small_bytes;   // in small blocks that are with the program or in a thread's magazines
    size_t medium_bytes;  // in medium blocks, those whose runs a thread keeps included
    size_t large_bytes;   // in large blocks
    size_t large_blocks;
};

// Counts now; other threads may go on meanwhile, so the parts may be of slightly different moments. Thread-safe.
struct par_stats par_stats(void);

// Gives all that lies idle back to the system: the calling thread's magazines, the depot, free pages and free slots.
// Result: how many bytes were given back, of pages and slots. Thread-safe.
size_t par_trim(void);

#endif

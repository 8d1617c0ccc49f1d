// shrunk.h: what becomes of blocks of pages that are made much shorter, like a buffer for the longest line.
//
// One that stays where it is lies at the beginning of a long run, and what is left behind it is too short for the next
// buffer. So many of them leave no long run in the regions, and each buffer needs pages that were given up and come
// back at a fault each. A copy elsewhere, at the cost of what is kept, leaves the long run whole. But a block that soon
// grows again had better stay. So shrunk blocks are watched, a few at a time: while they grow again, those that come
// next stay. (tcmalloc and mimalloc always copy, jemalloc never does.)

#ifndef PAR_SHRUNK_H
#define PAR_SHRUNK_H

#include <stdbool.h>

// Whether a block that becomes much shorter had better be copied. Thread-safe.
bool shrunk_should_move(void);

// A block has become much shorter, here or where it was copied to. Thread-safe.
void shrunk_watch(const void* block);

// A block grows, or is freed: nothing happens when it is not watched. Thread-safe.
void shrunk_grows(const void* block);
void shrunk_ends(const void* block);

#endif

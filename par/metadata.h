// metadata.h: memory for the allocator's own records, which lie apart from the blocks.

#ifndef PAR_METADATA_H
#define PAR_METADATA_H

#include <stddef.h>

// Takes zeroed memory for a record, aligned to a cache line. It is never given back: whoever takes records of one kind
// keeps those no longer needed on a list of its own. Thread-safe. Result: NULL when there is no memory.
void* metadata_take(size_t bytes);

// For fork.c: hold and release the lock inside.
void metadata_lock(void);
void metadata_unlock(void);

#endif

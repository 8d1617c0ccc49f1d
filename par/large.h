// large.h: blocks of more than a slot, and others for which there is no room in a region. Each has whole slots of its
// own, but touches only the needed part of the last.
//
// A block that has grown out of its slots once is moved to a place behind which many addresses are free. So a block
// that grows step by step moves once.

#ifndef PAR_LARGE_H
#define PAR_LARGE_H

#include <stdbool.h>
#include <stddef.h>

#include "par/density.h"
#include "par/page_map.h"
#include "par/slack.h"

struct large {
    struct mapping mapping;
    size_t bytes;      // of the block, whole pages
    struct used used;  // the part that the caller asked for
    size_t tail;       // bytes behind its end, in its last slot, that may have memory
    bool is_exact;     // nothing is mapped behind its end in its last slot
    bool is_apart;     // it has been moved where much is free behind
    bool is_guarded;   // its first and its last page are not its owner's (par/hardened/front.c)
    bool has_huge;     // some of it got huge pages,
    bool ends_huge;    // and its last whole slot did
    bool ends_fresh;   // that slot was fresh when the block got it: what is touched there, the block's owner touched
    unsigned growths;  // with huge pages
    struct density* density;  // of its kind; NULL when it is known to be dense or sparse
    struct large* next;       // among the records not in use
};

struct large_block {
    char* start;   // NULL when there is no memory
    bool is_zero;  // otherwise the content is undefined
};

// How much of a block will be touched, as far as the caller knows: all that was of blocks before, nearly all, or
// little.
enum large_content { LARGE_AS_BEFORE, LARGE_DENSE, LARGE_SPARSE };

// Takes a block. bytes: 1 to PTRDIFF_MAX. alignment: a power of two, SLOT_BYTES or more. Thread-safe.
struct large_block large_take(size_t bytes, size_t alignment, enum large_content content);

// Gives a block back. Thread-safe.
void large_give(struct large* large);

// The same of a block of two slots or more of which nobody may touch the first page or the last: these serve nobody any
// more, if the system does not unmap them.
void large_give_untouched(struct large* large);

// Changes the size of a block, moving its pages and not their content. bytes: 1 to PTRDIFF_MAX.
// Result: the new place, or NULL, and then the block is as it was. The caller owns the block; thread-safe otherwise.
void* large_resize(struct large* large, size_t bytes);

// How many blocks there are, and the bytes in them. Thread-safe.
void large_count(size_t* blocks, size_t* bytes);

void large_lock(void);  // for fork.c
void large_unlock(void);

#endif

// span.h: a run of pages cut into blocks of one class.
//
// A span counts its free blocks. Blocks leave it in groups for the depot and the threads, and come back when those have
// too many. When all blocks are back, the run goes back to its region and can serve any other class.

#ifndef PAR_SPAN_H
#define PAR_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "par/span_record.h"

// Blocks on their way to a thread: a list, and memory that is still to be cut into blocks (span_cut). The latter is
// left to the thread, because the first touch of memory takes long and the lock of the class is held meanwhile.
struct batch {
    struct block* first;
    unsigned count;  // in the list
    char* fresh;
    unsigned fresh_count;
};

// The spans of one class that have free blocks. Zero is empty. The caller holds the lock of the class in every call
// that is given a list. Spans are made and given back without it, for that waits for the system.
struct span_list {
    struct span* first;
    struct span* emptied;  // those that have all their blocks back; they are in no list but this
    uint64_t outside;      // blocks of the class that are in no span: in use, or with a thread or the depot
};

// Makes a span of a class, which is the caller's alone. No lock may be held. Result: NULL when there is no memory.
struct span* span_make(unsigned size_class);

// Enters a span that was just made. The next blocks are taken from it.
void span_list_add(struct span_list* list, struct span* span);

// Takes about `wanted` blocks (1 or more) of a class: at most twice as many, and fewer when that saves work. None at
// all only when the list is empty.
struct batch span_list_take(struct span_list* list, unsigned size_class, unsigned wanted);

// Makes one list of a whole batch, in which fresh blocks stand first, in the order of their addresses. No lock is
// needed.
struct block* span_cut(const struct batch* batch, unsigned size_class);

// Takes a list of blocks of this class back into their spans. O(its length).
void span_list_give(struct span_list* list, unsigned size_class, struct block* first);

// The same for so many lists (none empty), whose blocks nobody has used for long. Each link leads to memory that is in
// no cache and is known only when that of the block before has come; so the lists go in turns, and their waits overlap.
// firsts: is used up.
void span_list_give_cold(struct span_list* list, unsigned size_class, struct block** firsts, unsigned count);

// Takes the spans out that have all their blocks back. Result: a list for spans_give.
static inline struct span* span_list_take_emptied(struct span_list* list) {
    struct span* emptied = list->emptied;
    list->emptied = NULL;
    return emptied;
}

// Gives spans, which are the caller's alone, back to their regions, for any class. No lock may be held. emptied: may be
// NULL.
void spans_give(struct span* emptied);

// Whether a block of this class begins at this place, which lies in a span of it. No lock is needed.
bool span_has_block_at(const void* place, unsigned size_class);

// For par_check: ends the process when a span of the list is not as it should be.
void span_list_check(const struct span_list* list, unsigned size_class);

#endif

// density.h: whether fresh memory is worth huge pages.
//
// A huge page saves 511 page faults where all of it will be touched, and wastes up to 2 MiB where it will not. What a
// program will touch nobody knows; what it did touch of such memory before, the kernel tells (mincore(2)). So the first
// pieces of each kind get ordinary pages and are watched. While the last piece but one that was watched is full, new
// ones get huge pages, but one in 32, which is watched in its turn. (Others decide by the size of a piece alone, or
// leave it to the kernel.)

#ifndef PAR_DENSITY_H
#define PAR_DENSITY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

// Of one kind of memory. Zero to begin with.
struct density {
    _Atomic(char*) newest;  // watched pieces of SLOT_BYTES, or NULL
    _Atomic(char*) older;
    atomic_bool was_full;  // the last watched piece that went
    atomic_uint pieces;
    atomic_uint watched;
};

// Whether new memory should get huge pages: none of it, all of it, or all but one slot, which is watched then.
enum density_verdict { DENSITY_LOW, DENSITY_HIGH, DENSITY_HIGH_WATCH_ONE };

// Asks the kernel: not under a lock. Thread-safe.
enum density_verdict density_of_next(struct density* density);

// Watches a slot that has just got ordinary pages. Thread-safe.
void density_watch(struct density* density, char* slot);

// A slot is about to go; nothing happens when it is not watched. is_as_filled: nothing that was touched has been given
// up. Thread-safe.
void density_forget(struct density* density, char* slot, bool is_as_filled);

// Whether nearly all of a range is touched. start: at the beginning of a page. Asks the kernel about the last slot of
// it.
bool density_of_range_is_high(char* start, size_t bytes);

#endif

// density.h: whether fresh memory is worth huge pages.
//
// A huge page saves 511 page faults where all of it will be touched, and wastes up to 2 MiB where it will not. What a
// program will touch nobody knows; what it did touch of such memory before, the kernel tells (mincore(2)). "Such" is of
// about the same size: who reads files into buffers and then takes tables fills the buffers alone. So the first pieces
// of each kind get ordinary pages and are watched. While those that were watched last are full, new ones get huge
// pages; but now and then a slot gets ordinary ones and is watched in its turn, the more seldom the more have been
// full. (Others decide by the size of a piece alone, or leave it to the kernel.)

#ifndef PAR_DENSITY_H
#define PAR_DENSITY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { DENSITY_KINDS = 8 };

// Of one kind of memory. Zero to begin with.
struct density {
    atomic_bool was_full;   // the last watched piece that went
    _Atomic(char*) newest;  // watched pieces of SLOT_BYTES, or NULL
    _Atomic(char*) older;
    atomic_size_t pieces;  // since the newest was watched,
    atomic_size_t slots;   // with so many slots
    atomic_size_t trust;   // so many slots may go unwatched
    atomic_size_t watched;
};

// The number of the kind of pieces of so many units (1 or more): each is four times as large as the one before.
static inline unsigned density_kind_of(size_t units) {
    unsigned kind = (unsigned)(63 - __builtin_clzll(units)) / 2;
    return kind < DENSITY_KINDS ? kind : DENSITY_KINDS - 1;
}

// Whether new memory should get huge pages: none of it, all of it, or all but one slot, which is watched then.
enum density_verdict { DENSITY_LOW, DENSITY_HIGH, DENSITY_HIGH_WATCH_ONE };

// slots: in the next piece, as far as they are fresh. is_trusted: the kind is, from the third piece on, if the first
// was full, as if many had been; always the same for a kind. Asks the kernel: not under a lock. Thread-safe.
enum density_verdict density_of_next(struct density* density, size_t slots, bool is_trusted);

// Watches a slot that has just got ordinary pages. Thread-safe.
void density_watch(struct density* density, char* slot);

// A slot is about to go; nothing happens when it is not watched. is_as_filled: nothing that was touched has been given
// up. Thread-safe.
void density_forget(struct density* density, char* slot, bool is_as_filled);

// Whether nearly all of a range is touched. start: at the beginning of a page. Asks the kernel about the last slot of
// it.
bool density_of_range_is_high(char* start, size_t bytes);

#endif

// bands.h: medium blocks of which a program touches a few pages, like stacks and buffers.
//
// Where such blocks of several lengths take turns, their borders wander, and each block touches other pages, until all
// of a region have memory. So runs are looked at, now and then, when they are freed. While they are sparse, those whose
// lengths are in one band (each is twice the one before) have regions of their own: then a block lies where one of
// about its length lay, and touches the same pages. Blocks that are filled share their regions, for there what one band
// frees must serve another. (Slab allocators and mimalloc have a place for each length, whatever is touched.)

#ifndef PAR_BANDS_H
#define PAR_BANDS_H

#include <stddef.h>

#include "par/region.h"

// The regions from which a medium block of so many pages is to be taken. Thread-safe.
enum region_use band_of(size_t pages);

// Looks now and then at a run that is about to be given back. Thread-safe.
void bands_watch(char* start, size_t pages);

#endif

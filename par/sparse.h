// sparse.h: large blocks of which a program touches a few pages, and others each time.
//
// A freed block keeps its pages for the next one (extent.h). Where each touches other pages the slots fill by and by,
// up to all that any block ever was long. So now and then a block is looked at before it is given back, and its sparse
// slots lose their memory. Who touches the same pages each time would only pay for that. So what was purged is looked
// at again when it has been used once: where it has about as much memory as before, looks become seldom. (The C library
// unmaps each such block, which costs a fault for each page each time; tcmalloc gives pages back by the number of
// frees, whatever was touched.)

#ifndef PAR_SPARSE_H
#define PAR_SPARSE_H

#include <stddef.h>

// Looks, now and then, at slots that the caller is about to give back, and gives up the memory of those that are
// sparse. Thread-safe.
void sparse_purge(char* start, size_t slots);

#endif

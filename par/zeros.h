// zeros.h: blocks of zeros where memory was used before.
//
// To write them gives memory to pages that the program may never come to; to give the pages up costs a fault for each
// that it does come to. By what has memory already nobody can tell: where one block was written whole the next would
// be, too, whatever the program touches, until all of a heap of sparse tables has memory. So of some blocks that had no
// memory at first the kernel is asked, when they are freed, how many pages were touched. While those are few, all such
// blocks get pages that were given up; now and then one does for the sake of the question. (jemalloc gives up each,
// which takes four times as long where tables are filled; the C library, tcmalloc and mimalloc write each.)

#ifndef PAR_ZEROS_H
#define PAR_ZEROS_H

#include <stddef.h>

// Makes a block of zeros, where the system has not just given them. start: at the beginning of a page. Thread-safe.
void zeros_make(char* start, size_t bytes);

// A block has zeros that the system has just given. Thread-safe.
void zeros_are_fresh(char* start, size_t bytes);

// A block of so many bytes is about to be given back: nothing happens when it is not watched. Thread-safe.
void zeros_ends(char* start, size_t bytes);

#endif

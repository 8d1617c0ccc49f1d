// marks.h: blocks that carry a mark at both ends, for threads in a hurry: hardly anything is done between two calls,
// and yet a block that two of them got at the same time, or that another one overlaps, is seen when it is freed.

#ifndef TESTS_MARKS_H
#define TESTS_MARKS_H

#include <stddef.h>
#include <stdint.h>

// The upper bits of a mark are a thread's number, from 1 on.
enum { MARK_SHIFT = 40, MOST_MARKING = 128 };

typedef struct Marked {
    char* bytes;    // NULL: none is held
    size_t size;    // at least 16
    uint64_t mark;  // in its first 8 bytes, and in its last 8
} Marked;

// Takes a block and marks it; fails the test when there is none.
Marked take_marked(size_t size, uint64_t mark);

void write_marks(const Marked* block);

// Fails the test when the mark at this position of a live block is not its own, and says what became of the block.
void check_mark(const Marked* block, size_t position);

// Checks both marks and frees the block, if one is held.
void free_marked(const Marked* block);

// The mark at the start of a block that somebody else took and marked.
uint64_t mark_of(const char* bytes);

// CPU seconds of the process. Whoever hurries does so for a while, whatever the number of calls: the threads must have
// a chance to run side by side; and it is CPU time that counts, so that it is not less where others use the machine
// too.
double cpu_now_s(void);

#endif

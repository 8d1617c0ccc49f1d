// growth.h: has the process grown, though all that was taken has been freed?
//
// It is asked in each band of sizes. As many blocks are taken as make twice what may be lost, so that the loss of all
// of them is seen; an allocator may keep a block or two of any size.
//
// Where only the course's promises are asked, it is memory that counts and not addresses: an allocator may reserve
// these in large pieces, and may return the memory instead of using it again.

#ifndef TESTS_GROWTH_H
#define TESTS_GROWTH_H

#include <stdbool.h>
#include <stddef.h>

// What counts, in bytes, now; and by how much it has grown.
size_t bytes_now(void);
size_t grown_since(size_t before);

// Fails the test when the growth is above what is allowed, at the end. what, times: what was done, and how often.
void expect_growth_below(size_t allowed, size_t before, const char* what, size_t times);

// Looks now and then, so that a backend that leaks fails before it has filled the machine, or grown too slow to end.
// That is when the growth is beyond doubt: twice what is accepted. The grader measures what is near its limit again.
void look_at_growth(size_t allowed, size_t before, const char* what, size_t times);

// How much may be lost in a band, and how many blocks of it are enough to see that they are.
size_t allowed_in(size_t band);
size_t enough_blocks(size_t band);

// Whether fewer are enough: a call that is slow maps something, and what it loses is a page at least.
bool is_enough(size_t band, size_t blocks, size_t start_ms);

// CPU time of the process, in milliseconds.
size_t cpu_ms(void);

// "a block of 16 to 31 bytes was ...". Result: valid until the next call.
const char* in_words(size_t band, const char* what);

// Takes a block, or resizes one, that must be real: where memory is measured each of its pages is written, else its
// ends.
void* take_real(size_t size);
void* resize_real(void* block, size_t size, size_t new_size);

#endif

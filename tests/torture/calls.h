// calls.h: the calls under test, by the same names for both ways in which programs meet an allocator.
//
// calls_xmalloc.c has the three calls of xmalloc.h, linked with a backend; calls_malloc.c has the whole malloc family
// of the process, for a library that is preloaded. A program of this folder is linked with one of them.

#ifndef TORTURE_CALLS_H
#define TORTURE_CALLS_H

#include <stdbool.h>
#include <stddef.h>

enum take { TAKE_PLAIN, TAKE_ZEROS, TAKE_ALIGNED, TAKE_POSIX, TAKE_MEMALIGN };

// Takes a block. What the three calls cannot ask for (zeros, more alignment) they do not promise: see calls_promise_*.
void* calls_take(enum take how, size_t alignment, size_t bytes);

// xrealloc, or reallocarray where there is one and as_array says so.
void* calls_resize(void* block, size_t bytes, bool as_array);

void calls_give(void* block);

// How much of a block may be used: malloc_usable_size, or else `bytes`, which was asked for.
size_t calls_usable(void* block, size_t bytes);

bool calls_promise_zeros(enum take how);
size_t calls_promise_alignment(enum take how, size_t alignment);

// The call in C, for a reader.
void calls_print_take(char* text, size_t length, enum take how, size_t alignment, size_t bytes);
void calls_print_resize(char* text, size_t length, size_t slot, size_t bytes, bool as_array);
const char* calls_give_name(void);

// What provides the calls: a file, or words.
const char* calls_whose(void);

// Checks the heap's own records, where the backend can. Ends the process when they are wrong.
void calls_check_heap(void);

#endif

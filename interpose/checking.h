// checking.h: the layer of checking.c, for who is in front of it.

#ifndef INTERPOSE_CHECKING_H
#define INTERPOSE_CHECKING_H

#include <stddef.h>

// The linker's names for the calls of the layer, by --wrap.
void* __wrap_xmalloc(size_t bytes);
void __wrap_xfree(void* start);
void* __wrap_xrealloc(void* start, size_t bytes);

enum { CHECKING_MORE_BYTES = 16 };  // that a block has behind those of the program

// Takes what the backend gave in another way, with so many bytes more, as a block of the layer. NULL stays NULL.
void* checking_take_from(const char* call, void* start, size_t bytes);

// The bytes of a live block. What is none ends the process.
size_t checking_bytes(const char* call, void* start);

#endif

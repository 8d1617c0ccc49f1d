// checking.h: the layer of checking.c, for who is in front of it.

#ifndef INTERPOSE_CHECKING_H
#define INTERPOSE_CHECKING_H

#include <stddef.h>

// The linker's names for the calls of the layer, by --wrap.
void* __wrap_xmalloc(size_t bytes);
void __wrap_xfree(void* start);
void* __wrap_xrealloc(void* start, size_t bytes);

// For so many bytes does the layer ask the backend when the program asks for these. SIZE_MAX: for none that there are.
size_t checking_whole(size_t bytes);

// Takes what the backend gave in another way, so much of it, as a block of the layer. NULL stays NULL.
void* checking_take_from(const char* call, void* start, size_t bytes);

// The bytes of a live block. What is none ends the process.
size_t checking_bytes(const char* call, void* start);

// Ends the process when this is no live block of so many bytes.
void checking_expect(const char* call, void* start, size_t bytes);

#endif

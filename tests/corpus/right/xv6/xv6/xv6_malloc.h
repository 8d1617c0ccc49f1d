// xv6_malloc.h: a ring of free blocks. Not safe for threads by itself.

#ifndef XV6_MALLOC_H
#define XV6_MALLOC_H

#include <stddef.h>

void* ring_take(size_t bytes);        // NULL when there is no memory
void ring_give(void* block);          // NULL does nothing
size_t ring_room(const void* block);  // how many bytes the caller may use

#endif

// xmalloc.h: an older header of the course, with more in it than the three calls.

#ifndef XMALLOC_H
#define XMALLOC_H

#include <stddef.h>

#define XMALLOC_ARENAS 8

void* xmalloc(size_t bytes);
void xfree(void* ptr);
void* xrealloc(void* prev, size_t bytes);

void xprintstats(void);  // of all arenas, on standard error
int xarena_of_this_thread(void);

#endif

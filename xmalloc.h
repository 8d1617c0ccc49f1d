// xmalloc.h: the contract between the programs and the allocators.
//
// A program is written against these three calls and is linked with one backend (sys_alloc.c, hw08_alloc.c, par_alloc.c
// or one of your own). It never knows which one it has, and a backend never knows which program calls it.
//
// All three calls may be made from any thread at any time, but not from a signal handler. A block taken by one thread
// may be resized and freed by any other.

#ifndef XMALLOC_H
#define XMALLOC_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// Takes a block of memory.
//
// bytes: 0 to PTRDIFF_MAX. For 0 the block is distinct from every other live block, must not be written to, and must
//        be freed like any other.
// Result: the first byte of a block of at least that many bytes, aligned to 16 bytes, that overlaps no other live
//         block. Its content is undefined.
// Errors: NULL with errno ENOMEM when there is no memory or bytes is over PTRDIFF_MAX. Nothing is lost by that: every
//         live block keeps its content, and the heap can still be used.
void* xmalloc(size_t bytes);

// Gives a block back. From then on its memory may be handed out again, or returned to the system.
//
// block: what xmalloc or xrealloc returned and nobody has freed since; or NULL, for which nothing happens.
// errno is kept as it was.
void xfree(void* block);

// Changes the size of a block, moving it when it cannot stay where it is.
//
// block: as for xfree. With NULL this call is xmalloc(bytes).
// bytes: 0 to PTRDIFF_MAX. With 0 the block is freed and the result is NULL (errno is kept).
// Result: the block in its new place (the old pointer must not be used any more, even if it is equal), holding the old
//         content up to the smaller of the two sizes.
// Errors: NULL with errno ENOMEM as for xmalloc; the old block then stays valid, in its place, with its content.
void* xrealloc(void* block, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif

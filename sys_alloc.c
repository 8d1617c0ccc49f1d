// sys_alloc.c: the C library's own allocator behind the contract of xmalloc.h.
//
// This is the backend to beat. It only makes up for what the C standard leaves open and our contract does not: a block
// of 0 bytes is a real block, a resize to 0 frees, an oversized request sets errno, and freeing keeps errno.

#include "xmalloc.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

// malloc(0) may be NULL, which could not be told from failure.
static size_t at_least_one(size_t bytes) { return bytes == 0 ? 1 : bytes; }

void* xmalloc(size_t bytes) {
    if (bytes > PTRDIFF_MAX) {
        errno = ENOMEM;
        return NULL;
    }
    return malloc(at_least_one(bytes));
}

void xfree(void* block) {
    int kept_errno = errno;  // POSIX has promised this only since 2024, and a linked-in peer may not know it
    free(block);
    errno = kept_errno;
}

void* xrealloc(void* block, size_t bytes) {
    if (block != NULL && bytes == 0) {
        xfree(block);
        return NULL;
    }
    if (bytes > PTRDIFF_MAX) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, at_least_one(bytes));
}

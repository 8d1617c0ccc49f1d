// hw08_alloc.c: first fit in the order of addresses under one mutex of C11, in several files that a careful compiler may not like:
// see include/awkward.h, list.c and os/list.c. It rounds with floating point and counts with 16 bytes at once.

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "awkward.h"
#include "xmalloc.h"

static mtx_t *lock = &__the_lock;

static once_flag once = ONCE_FLAG_INIT;

static void
begin(void)
{
    mtx_init(lock, mtx_plain);
}

static size_t
whole_pages(size_t bytes)
{
    double over = fmod((double)bytes, (double)PAGE);

    return over > 0 ? bytes + PAGE - (size_t)over : bytes;
}

static cell *
from_list(size_t size)
{
    cell *c;
    call_once(&once, begin);
    mtx_lock(lock);
    c = unused_take(size);
    if (c == NULL && (c = __os_map(PAGE)) != NULL) {
        unused_put(c);
        c = unused_take(size);
    }
    mtx_unlock(lock);
    return c;
}

void *
xmalloc(size_t bytes)
{
    size_t size;
    cell *c;

    if (bytes > PTRDIFF_MAX / 2) return NULL;
    size = (bytes + HEAD + 7) & ~(size_t)7;
    if (size < sizeof(cell)) size = sizeof(cell);
    c = size + sizeof(cell) > PAGE ? __os_map(whole_pages(size)) : from_list(size);
    return c == NULL ? NULL : (char *)c + HEAD;
}

void
xfree(void *block)
{
    cell *c;

    if (block == NULL) return;
    c = (cell *)((char *)block - HEAD);
    if (c->size >= PAGE) {
        __os_unmap(c);
        return;
    }
    mtx_lock(lock);
    unused_put(c);
    mtx_unlock(lock);
}

void *
xrealloc(void *block, size_t bytes)
{
    size_t room;
    void *moved;

    if (block == NULL) return xmalloc(bytes);
    room = ((cell *)((char *)block - HEAD))->size - HEAD;
    if (bytes <= room && bytes > room / 2) return block;
    moved = xmalloc(bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, block, bytes < room ? bytes : room);
    xfree(block);
    return moved;
}

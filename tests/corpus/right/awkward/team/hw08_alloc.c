// hw08_alloc.c: first fit in the order of addresses under one mutex, in several files that a careful compiler may not like:
// see include/awkward.h, list.c and os/list.c. It rounds with floating point and counts with 16 bytes at once.

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "awkward.h"
#include "xmalloc.h"

static pthread_mutex_t *lock = &__the_lock;

__attribute__((constructor)) static void
begin(void)
{
    pthread_mutex_init(lock, NULL);
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
    pthread_mutex_lock(lock);
    c = unused_take(size);
    if (c == NULL && (c = __os_map(PAGE)) != NULL) {
        unused_put(c);
        c = unused_take(size);
    }
    pthread_mutex_unlock(lock);
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
    pthread_mutex_lock(lock);
    unused_put(c);
    pthread_mutex_unlock(lock);
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

// os/list.c: blocks from the system. It has the name of another file of this homework, and functions with names that
// belong to the compiler.

#include <sys/mman.h>

#include "awkward.h"

static void
count(size_t mapped, size_t unmapped)
{
    counts old = atomic_load(&__the_counts);
    counts new;
    do {
        new.mapped = old.mapped + mapped;
        new.unmapped = old.unmapped + unmapped;
    } while (!atomic_compare_exchange_weak(&__the_counts, &old, new));
}

__attribute__((noinline))
__attribute__((malloc)) cell *
__os_map(size_t bytes)
{
    cell *c = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (c == MAP_FAILED) return NULL;
    c->size = bytes;
    count(bytes, 0);
    return c;
}

void
__os_unmap(cell *c)
{
    size_t bytes = c->size;
    munmap(c, bytes);
    count(0, bytes);
}

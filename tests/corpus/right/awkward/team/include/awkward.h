// awkward.h: what the files of this homework share.

#ifndef AWKWARD_H
#define AWKWARD_H

#include <stdatomic.h>
#include <stddef.h>
#include <threads.h>

#define PAGE ((size_t)4096)
#define HEAD sizeof(size_t)

typedef struct cell {
    size_t size;  // of the whole block
    struct cell *next;
    struct cell *before;
} cell;

typedef struct counts {
    size_t mapped;
    size_t unmapped;
} counts;

// Each file that includes this defines these two, and the linker is to make one of them.
mtx_t __the_lock;
_Atomic counts __the_counts;

// A list in the order of addresses, whose neighbours are joined.
#define LIST(name)       \
    extern cell *name;   \
    void name##_put(cell *c); \
    cell *name##_take(size_t size);

LIST(unused)

cell *__os_map(size_t bytes);
void __os_unmap(cell *c);

#endif

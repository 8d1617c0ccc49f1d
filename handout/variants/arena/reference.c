
// ---- The variant's calls: an arena is a list of its blocks

#include <errno.h>
#include <stdint.h>

struct xarena_block {
    _Alignas(16) struct xarena_block* next;
};
struct xarena {
    struct xarena_block* first;
};

struct xarena* xarena_new(void) {
    struct xarena* arena = xmalloc(sizeof *arena);
    if (arena != NULL) arena->first = NULL;
    return arena;
}

void* xarena_take(struct xarena* arena, size_t bytes) {
    if (bytes > PTRDIFF_MAX - sizeof(struct xarena_block)) {
        errno = ENOMEM;
        return NULL;
    }
    struct xarena_block* block = xmalloc(sizeof *block + bytes);
    if (block == NULL) return NULL;
    block->next = arena->first;
    arena->first = block;
    return block + 1;
}

void xarena_free(struct xarena* arena) {
    if (arena == NULL) return;
    struct xarena_block* block = arena->first;
    while (block != NULL) {
        struct xarena_block* next = block->next;
        xfree(block);
        block = next;
    }
    xfree(arena);
}

// atfork_library.c: a library whose constructor registers a fork handler that allocates, as some runtimes have.
// Preloaded beside lib/libpar.so by tests/allocator/preload.t: such a handler must not find the allocator's locks held.

#include <pthread.h>
#include <stdlib.h>

enum { BLOCKS = 2000, BYTES = 100 };  // more than any thread has at hand

static void allocate(void) {
    void* blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) blocks[i] = malloc(BYTES);
    for (size_t i = 0; i < BLOCKS; i++) free(blocks[i]);
}

__attribute__((constructor)) static void set_up(void) { pthread_atfork(allocate, allocate, allocate); }

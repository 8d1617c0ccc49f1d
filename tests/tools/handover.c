// handover.c: a malloc, preloaded behind the recorder, that makes the worst moment happen each time: a block that one
// thread gives up is another's before free or realloc has even returned.
//
// Only for `known handover`, and only for its blocks. HANDED_FIRST marks a block; whoever gives that up waits in here
// until another thread has taken HANDED_THEN bytes, is given the same memory, and says by taking HANDED_DONE that it is
// done.

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "tests/tools/handover.h"

void* __libc_malloc(size_t bytes);
void __libc_free(void* block);
void* __libc_realloc(void* block, size_t bytes);

static void* marked;
static void* _Atomic given_up;
static atomic_bool is_done;

static void* wait_for_block(void) {
    void* block;
    while ((block = atomic_exchange(&given_up, NULL)) == NULL) sched_yield();
    return block;
}

static void give_up_marked(void) {
    void* block = marked;
    marked = NULL;
    atomic_store(&given_up, block);
    while (!atomic_exchange(&is_done, false)) sched_yield();
}

void* malloc(size_t bytes) {
    if (bytes == HANDED_THEN) return wait_for_block();
    void* block = __libc_malloc(bytes);
    if (bytes == HANDED_FIRST) marked = block;
    if (bytes == HANDED_DONE) atomic_store(&is_done, true);
    return block;
}

void free(void* block) {
    if (block != NULL && block == marked) {
        give_up_marked();
    } else {
        __libc_free(block);
    }
}

void* realloc(void* block, size_t bytes) {
    if (block == NULL || block != marked) return __libc_realloc(block, bytes);
    void* moved = __libc_malloc(bytes);
    give_up_marked();
    return moved;
}

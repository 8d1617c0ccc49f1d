// The bug: two arenas, and a thread takes the one whose lock is free. A block that is freed while the lock of its own
// arena is held goes to the other one, where blocks of that origin are never looked for.

#include <sched.h>
#include <stdbool.h>

#include "tests/broken/right.h"

enum { ARENAS = 2, BYTES = 128, CHUNK_BYTES = 1 << 20 };

struct block {
    struct block* next;
    size_t arena;
};

static pthread_mutex_t locks[ARENAS] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static struct block* lists[ARENAS];
static char* chunks[ARENAS];
static size_t left[ARENAS];

// Fresh memory for a block, which looks from outside as the others do. The lock of the arena is held.
static struct block* carve(size_t arena) {
    if (left[arena] < sizeof(Header) + BYTES) {
        void* chunk = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (chunk == MAP_FAILED) return NULL;
        chunks[arena] = chunk;
        left[arena] = CHUNK_BYTES;
    }
    char* place = chunks[arena];
    chunks[arena] += sizeof(Header) + BYTES;
    left[arena] -= sizeof(Header) + BYTES;
    return (struct block*)(place + sizeof(Header));
}

static size_t lock_any(size_t wanted) {
    if (pthread_mutex_trylock(&locks[wanted]) == 0) {
        sched_yield();  // a lock that is held for long, as by a walk through a list
        return wanted;
    }
    size_t other = 1 - wanted;
    pthread_mutex_lock(&locks[other]);
    return other;
}

// The link of a header is unused while its block is live: there it says that the block is of an arena.
static bool is_of_an_arena(void* block) { return header_of(block)->next == (void*)&lists; }

void* xmalloc(size_t bytes) {
    if (bytes == 0 || bytes > BYTES) return right_xmalloc(bytes);
    size_t arena = lock_any(0);
    struct block* block = lists[arena];
    if (block != NULL && block->arena == arena) {
        lists[arena] = block->next;
    } else {
        block = carve(arena);
    }
    pthread_mutex_unlock(&locks[arena]);
    if (block == NULL) return NULL;
    block->arena = arena;
    header_of(block)->next = (void*)&lists;
    return block;
}

void xfree(void* block) {
    if (block == NULL || !is_of_an_arena(block)) {
        right_xfree(block);
        return;
    }
    struct block* freed = block;
    size_t arena = lock_any(0);
    freed->arena = 0;
    freed->next = lists[arena];
    lists[arena] = freed;
    pthread_mutex_unlock(&locks[arena]);
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL || !is_of_an_arena(block)) return right_xrealloc(block, bytes);
    void* moved = bytes == 0 ? NULL : xmalloc(bytes);
    if (bytes > 0 && moved == NULL) return NULL;
    if (bytes > 0) memcpy(moved, block, bytes < BYTES ? bytes : BYTES);
    xfree(block);
    return moved;
}

// hw08_alloc.c: best fit in one list without any order, under one read-write lock that is only ever taken to write.
//
// A block that comes back is joined with its neighbours, for which the whole list is searched. Pages that became one
// free block again are unmapped. Slow with long lists, and as simple as it gets.

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

enum { CHUNK_BYTES = 32 * 1024, HEAD = 16 };

struct block {
    size_t bytes;         // with this head
    struct chunk* chunk;  // NULL for a block that was mapped on its own
    struct block* next;
};

// A chunk begins with this and is full of blocks after it.
struct chunk {
    size_t padding[2];
};

enum { CHUNK_ROOM = CHUNK_BYTES - sizeof(struct chunk), LEAST = 32 };

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct block* list;

static struct block* end_of(struct block* block) { return (struct block*)((char*)block + block->bytes); }

static void* map(size_t bytes) {
    void* start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

static void grow(void) {
    struct chunk* chunk = map(CHUNK_BYTES);
    if (chunk == NULL) return;
    struct block* block = (struct block*)(chunk + 1);
    *block = (struct block){.bytes = CHUNK_ROOM, .chunk = chunk, .next = list};
    list = block;
}

static struct block* take_best(size_t bytes) {
    struct block** best = NULL;
    for (struct block** link = &list; *link != NULL; link = &(*link)->next) {
        if ((*link)->bytes < bytes || (best != NULL && (*link)->bytes >= (*best)->bytes)) continue;
        best = link;
        if ((*best)->bytes == bytes) break;
    }
    if (best == NULL) return NULL;
    struct block* found = *best;
    if (found->bytes - bytes < LEAST) {
        *best = found->next;
        return found;
    }
    found->bytes -= bytes;
    struct block* taken = end_of(found);
    taken->bytes = bytes;
    taken->chunk = found->chunk;
    return taken;
}

static void put_back(struct block* block) {
    struct block** link = &list;
    while (*link != NULL) {
        struct block* other = *link;
        bool follows = other == end_of(block) && other->chunk == block->chunk;
        bool precedes = block == end_of(other) && other->chunk == block->chunk;
        if (!follows && !precedes) {
            link = &other->next;
            continue;
        }
        *link = other->next;
        other->bytes += precedes ? block->bytes : 0;
        block->bytes += follows ? other->bytes : 0;
        if (precedes) block = other;
    }
    if (block->bytes == CHUNK_ROOM && list != NULL) {
        munmap(block->chunk, CHUNK_BYTES);
        return;
    }
    block->next = list;
    list = block;
}

void* xmalloc(size_t wanted) {
    if (wanted > PTRDIFF_MAX - 8192) return NULL;
    size_t bytes = (wanted + HEAD + 15) / 16 * 16;
    struct block* block;
    if (bytes > CHUNK_ROOM / 4) {
        bytes = (bytes + 4095) / 4096 * 4096;
        block = map(bytes);
        if (block != NULL) *block = (struct block){.bytes = bytes};
    } else {
        pthread_rwlock_wrlock(&lock);
        block = take_best(bytes < LEAST ? LEAST : bytes);
        if (block == NULL) {
            grow();
            block = take_best(bytes < LEAST ? LEAST : bytes);
        }
        pthread_rwlock_unlock(&lock);
    }
    return block == NULL ? NULL : (char*)block + HEAD;
}

void xfree(void* bytes) {
    if (bytes == NULL) return;
    struct block* block = (struct block*)((char*)bytes - HEAD);
    if (block->chunk == NULL) {
        munmap(block, block->bytes);
        return;
    }
    pthread_rwlock_wrlock(&lock);
    put_back(block);
    pthread_rwlock_unlock(&lock);
}

void* xrealloc(void* bytes, size_t wanted) {
    if (bytes == NULL) return xmalloc(wanted);
    if (wanted == 0) {
        xfree(bytes);
        return NULL;
    }
    size_t room = ((struct block*)((char*)bytes - HEAD))->bytes - HEAD;
    void* moved = xmalloc(wanted);
    if (moved == NULL) return NULL;
    memcpy(moved, bytes, room < wanted ? room : wanted);
    xfree(bytes);
    return moved;
}

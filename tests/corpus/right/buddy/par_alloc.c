// par_alloc.c: a buddy system in each of several arenas.
//
// A region of 256 KiB begins at a multiple of its size, so that the buddy of a block is found by flipping one bit of
// its address. A block has a head of 8 bytes with its order, whether it is free, and its arena: blocks are aligned to
// 8 bytes. Splitting and joining take at most 13 steps. A region that is one free block again is unmapped.

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

enum { LEAST_ORDER = 5, LARGEST_ORDER = 15, REGION_ORDER = 18, MAPPED_ORDER = 63, ARENA_COUNT = 8 };

typedef struct Buddy {
    uint8_t order;
    uint8_t arena;
    atomic_bool free;
    uint8_t padding[5];
    struct Buddy* next;  // these two only while the block is free
    struct Buddy* previous;
} Buddy;

enum { HEAD_BYTES = offsetof(Buddy, next) };

typedef struct {
    pthread_mutex_t lock;
    Buddy* free[REGION_ORDER + 1];
    unsigned regions;
} Arena;

static Arena arenas[ARENA_COUNT] = {[0 ... ARENA_COUNT - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};
static atomic_uint arenas_given;
static __thread int my_arena = -1;

static size_t bytes_of_order(unsigned order) { return (size_t)1 << order; }

static void add(Arena* arena, Buddy* block, unsigned order) {
    block->order = (uint8_t)order;
    block->free = true;
    block->previous = NULL;
    block->next = arena->free[order];
    if (block->next != NULL) block->next->previous = block;
    arena->free[order] = block;
}

static void remove_free(Arena* arena, Buddy* block) {
    block->free = false;
    if (block->next != NULL) block->next->previous = block->previous;
    if (block->previous != NULL) {
        block->previous->next = block->next;
    } else {
        arena->free[block->order] = block->next;
    }
}

static bool add_region(Arena* arena) {
    size_t size = bytes_of_order(REGION_ORDER);
    char* twice = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (twice == MAP_FAILED) return false;
    char* region = (char*)(((uintptr_t)twice + size - 1) / size * size);
    if (region != twice) munmap(twice, (size_t)(region - twice));
    munmap(region + size, (size_t)(twice + size - region));
    Buddy* block = (Buddy*)region;
    block->arena = (uint8_t)(arena - arenas);
    add(arena, block, REGION_ORDER);
    arena->regions++;
    return true;
}

// A free block of this order, split off a larger one if need be. The caller holds the lock.
static Buddy* take(Arena* arena, unsigned order) {
    unsigned found = order;
    while (found <= REGION_ORDER && arena->free[found] == NULL) found++;
    if (found > REGION_ORDER) {
        if (!add_region(arena)) return NULL;
        found = REGION_ORDER;
    }
    Buddy* block = arena->free[found];
    remove_free(arena, block);
    while (found > order) {
        found--;
        Buddy* half = (Buddy*)((char*)block + bytes_of_order(found));
        half->arena = block->arena;
        add(arena, half, found);
    }
    block->order = (uint8_t)order;
    return block;
}

static void give(Arena* arena, Buddy* block) {
    unsigned order = block->order;
    while (order < REGION_ORDER) {
        Buddy* buddy = (Buddy*)((uintptr_t)block ^ bytes_of_order(order));
        if (!buddy->free || buddy->order != order) break;
        remove_free(arena, buddy);
        if (buddy < block) block = buddy;
        order++;
    }
    if (order == REGION_ORDER && arena->regions > 1) {
        arena->regions--;
        munmap(block, bytes_of_order(order));
        return;
    }
    add(arena, block, order);
}

// Its size is in the word before the head: the bytes begin 16 after the start of the mapping.
static void* map_alone(size_t bytes) {
    if (bytes > PTRDIFF_MAX / 2) return NULL;
    size_t total = (bytes + 16 + 4095) / 4096 * 4096;
    size_t* start = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return NULL;
    start[0] = total;
    ((Buddy*)(start + 1))->order = MAPPED_ORDER;
    return start + 2;
}

void* xmalloc(size_t bytes) {
    if (bytes > bytes_of_order(LARGEST_ORDER) - HEAD_BYTES) return map_alone(bytes);
    unsigned order = LEAST_ORDER;
    while (bytes_of_order(order) - HEAD_BYTES < bytes) order++;

    if (my_arena < 0) my_arena = (int)(atomic_fetch_add(&arenas_given, 1) % ARENA_COUNT);
    Arena* arena = &arenas[my_arena];
    pthread_mutex_lock(&arena->lock);
    Buddy* block = take(arena, order);
    pthread_mutex_unlock(&arena->lock);
    return block == NULL ? NULL : (char*)block + HEAD_BYTES;
}

void xfree(void* bytes) {
    if (bytes == NULL) return;
    Buddy* block = (Buddy*)((char*)bytes - HEAD_BYTES);
    if (block->order == MAPPED_ORDER) {
        size_t* start = (size_t*)bytes - 2;
        munmap(start, start[0]);
        return;
    }
    Arena* arena = &arenas[block->arena];
    pthread_mutex_lock(&arena->lock);
    give(arena, block);
    pthread_mutex_unlock(&arena->lock);
}

void* xrealloc(void* bytes, size_t wanted) {
    if (bytes == NULL) return xmalloc(wanted);
    Buddy* block = (Buddy*)((char*)bytes - HEAD_BYTES);
    size_t room = block->order == MAPPED_ORDER ? ((size_t*)bytes)[-2] - 16 : bytes_of_order(block->order) - HEAD_BYTES;
    if (wanted <= room && wanted >= room / 2) return bytes;
    void* moved = xmalloc(wanted);
    if (moved == NULL) return NULL;
    memcpy(moved, bytes, wanted < room ? wanted : room);
    xfree(bytes);
    return moved;
}

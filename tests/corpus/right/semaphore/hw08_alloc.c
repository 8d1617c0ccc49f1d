// hw08_alloc.c: a buddy system of one arena, guarded by one semaphore.
//
// Regions of 128 KiB begin at multiples of their size. A block has a head of 8 bytes: its order, and whether it is
// free. A region of which nothing is in use is unmapped, unless it is the last one.

#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

enum { LEAST = 5, MOST = 14, REGION = 17, ALONE = 100, HEAD = 8 };

typedef struct block {
    unsigned order;
    bool is_free;
    struct block *next, *previous;
} block;

static sem_t guard;
static block* lists[REGION + 1];
static size_t region_count;

__attribute__((constructor)) static void make_guard(void) { sem_init(&guard, 0, 1); }

static size_t size(unsigned order) { return (size_t)1 << order; }

static void put(block* b, unsigned order) {
    *b = (block){.order = order, .is_free = true, .next = lists[order]};
    if (b->next != NULL) b->next->previous = b;
    lists[order] = b;
}

static void pull(block* b) {
    b->is_free = false;
    if (b->next != NULL) b->next->previous = b->previous;
    if (b->previous != NULL) {
        b->previous->next = b->next;
    } else {
        lists[b->order] = b->next;
    }
}

static block* map_region(void) {
    char* twice = mmap(NULL, 2 * size(REGION), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (twice == MAP_FAILED) return NULL;
    size_t before = -(uintptr_t)twice & (size(REGION) - 1);
    if (before > 0) munmap(twice, before);
    munmap(twice + before + size(REGION), size(REGION) - before);
    region_count++;
    return (block*)(twice + before);
}

static block* split(unsigned order) {
    if (order > REGION) return NULL;
    block* b = lists[order];
    if (b != NULL) {
        pull(b);
        return b;
    }
    b = order == REGION ? map_region() : split(order + 1);
    if (b != NULL && order < REGION) put((block*)((char*)b + size(order)), order);
    return b;
}

static void join(block* b, unsigned order) {
    while (order < REGION) {
        block* buddy = (block*)((uintptr_t)b ^ size(order));
        if (!buddy->is_free || buddy->order != order) break;
        pull(buddy);
        if (buddy < b) b = buddy;
        order++;
    }
    if (order == REGION && region_count > 1) {
        region_count--;
        munmap(b, size(REGION));
    } else {
        put(b, order);
    }
}

void* xmalloc(size_t bytes) {
    block* b;
    if (bytes > size(MOST) - HEAD) {
        if (bytes > PTRDIFF_MAX / 2) return NULL;
        size_t pages = (bytes + 2 * HEAD + 4095) / 4096;
        size_t* start = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (start == MAP_FAILED) return NULL;
        start[0] = pages * 4096;
        b = (block*)(start + 1);
        b->order = ALONE;
    } else {
        unsigned order = LEAST;
        while (size(order) - HEAD < bytes) order++;
        sem_wait(&guard);
        b = split(order);
        if (b != NULL) {
            b->order = order;
            b->is_free = false;
        }
        sem_post(&guard);
    }
    return b == NULL ? NULL : (char*)b + HEAD;
}

void xfree(void* bytes) {
    if (bytes == NULL) return;
    block* b = (block*)((char*)bytes - HEAD);
    if (b->order == ALONE) {
        size_t* start = (size_t*)b - 1;
        munmap(start, *start);
        return;
    }
    sem_wait(&guard);
    join(b, b->order);
    sem_post(&guard);
}

void* xrealloc(void* bytes, size_t wanted) {
    if (bytes == NULL) return xmalloc(wanted);
    block* b = (block*)((char*)bytes - HEAD);
    size_t room = b->order == ALONE ? ((size_t*)b)[-1] - 2 * HEAD : size(b->order) - HEAD;
    if (wanted <= room && wanted >= room / 2) return bytes;
    void* moved = xmalloc(wanted);
    if (moved == NULL) return NULL;
    memcpy(moved, bytes, wanted < room ? wanted : room);
    xfree(bytes);
    return moved;
}

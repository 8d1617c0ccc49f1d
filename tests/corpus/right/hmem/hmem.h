// hmem.h: one arena of memory. Whoever uses an arena takes its lock first.

#ifndef HMEM_H
#define HMEM_H

#include <pthread.h>
#include <stddef.h>

#define HM_LISTS 34

typedef struct hm_stats {
    long pages_mapped;
    long pages_unmapped;
    long chunks_allocated;
    long chunks_freed;
} hm_stats;

typedef struct hm_arena {
    pthread_mutex_t lock;
    struct hm_bag* bags[HM_LISTS];
    hm_stats stats;
} hm_arena;

void* hmalloc(hm_arena* arena, size_t size);
void hfree(void* item);
hm_arena* harena(void* item);  // NULL for an item that is too large for arenas
size_t hroom(void* item);
void hprintstats(hm_arena* arena);

#endif

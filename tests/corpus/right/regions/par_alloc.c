// par_alloc.c: regions that are filled from front to end, and lists of free blocks by size, last in first out.
//
// A new block is the next piece of the shard's current region. A freed one goes to the front of the list of its size,
// and is the first to be taken again. A region counts its live blocks. When none is left, all its blocks are taken out
// of the lists (which run in both directions for that) and the region is unmapped. Each of 16 shards has a lock.

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

enum { REGION = 256 * 1024, LARGEST = 4096, GRAIN = 16, SIZES = LARGEST / GRAIN + 1, SHARDS = 16 };

struct shard;

struct region {
    struct shard* shard;
    size_t live;
    size_t filled;
};

// Before every block: where its region is (0 for a block that was mapped on its own), and its size in grains.
struct label {
    uint32_t offset;
    uint32_t grains;  // pages for a block that was mapped on its own
};

struct idle {
    struct idle* newer;
    struct idle* older;
};

struct shard {
    pthread_mutex_t lock;
    struct region* current;
    struct idle* idle[SIZES];
};

static struct shard shards[SHARDS] = {[0 ... SHARDS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};
static atomic_uint threads_seen;
static _Thread_local struct shard* home;

static struct label* label_of(void* block) { return (struct label*)block - 1; }
static struct region* region_of(void* block) {
    return (struct region*)((char*)label_of(block) - label_of(block)->offset);
}

static void push(struct shard* shard, void* block) {
    struct idle* idle = block;
    struct idle** newest = &shard->idle[label_of(block)->grains];
    idle->newer = NULL;
    idle->older = *newest;
    if (*newest != NULL) (*newest)->newer = idle;
    *newest = idle;
}

static void pull(struct shard* shard, void* block) {
    struct idle* idle = block;
    if (idle->older != NULL) idle->older->newer = idle->newer;
    if (idle->newer != NULL) {
        idle->newer->older = idle->older;
    } else {
        shard->idle[label_of(block)->grains] = idle->older;
    }
}

static void retire(struct shard* shard, struct region* region) {
    size_t at = sizeof *region;
    while (at < region->filled) {
        struct label* label = (struct label*)((char*)region + at);
        pull(shard, label + 1);
        at += (size_t)label->grains * GRAIN;
    }
    munmap(region, REGION);
}

// A piece of the current region, or of a new one. An old one without live blocks would wait for ever to be retired.
static void* carve(struct shard* shard, size_t grains) {
    struct region* region = shard->current;
    if (region == NULL || region->filled + grains * GRAIN > REGION) {
        if (region != NULL && region->live == 0) retire(shard, region);
        region = mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (region == MAP_FAILED) {
            shard->current = NULL;
            return NULL;
        }
        *region = (struct region){.shard = shard, .filled = sizeof *region};
        shard->current = region;
    }
    struct label* label = (struct label*)((char*)region + region->filled);
    *label = (struct label){.offset = (uint32_t)region->filled, .grains = (uint32_t)grains};
    region->filled += grains * GRAIN;
    return label + 1;
}

static void* map_pages(size_t bytes) {
    size_t pages = bytes / 4096 + 2;
    if (pages > UINT32_MAX) return NULL;
    char* start = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return NULL;
    struct label* label = (struct label*)(start + 8);
    *label = (struct label){.offset = 0, .grains = (uint32_t)pages};
    return label + 1;
}

void* xmalloc(size_t bytes) {
    size_t grains = bytes <= LARGEST ? (bytes + sizeof(struct label) + GRAIN - 1) / GRAIN : SIZES;
    if (grains < 2) grains = 2;
    if (grains >= SIZES) return map_pages(bytes);
    if (home == NULL) home = &shards[atomic_fetch_add(&threads_seen, 1) % SHARDS];
    struct shard* shard = home;
    pthread_mutex_lock(&shard->lock);
    void* block = shard->idle[grains];
    if (block != NULL) {
        pull(shard, block);
    } else {
        block = carve(shard, grains);
    }
    if (block != NULL) region_of(block)->live++;
    pthread_mutex_unlock(&shard->lock);
    return block;
}

void xfree(void* block) {
    if (block == NULL) return;
    struct label* label = label_of(block);
    if (label->offset == 0) {
        munmap((char*)block - 16, (size_t)label->grains * 4096);
        return;
    }
    struct region* region = region_of(block);
    struct shard* shard = region->shard;
    pthread_mutex_lock(&shard->lock);
    push(shard, block);
    region->live--;
    if (region->live == 0 && region != shard->current) retire(shard, region);
    pthread_mutex_unlock(&shard->lock);
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL) return xmalloc(bytes);
    struct label* label = label_of(block);
    size_t room = label->offset == 0 ? (size_t)label->grains * 4096 - 16 : (size_t)label->grains * GRAIN - 8;
    if (bytes <= room && bytes >= room / 2) return block;
    void* moved = xmalloc(bytes);
    if (moved != NULL) {
        memcpy(moved, block, bytes < room ? bytes : room);
        xfree(block);
    }
    return moved;
}

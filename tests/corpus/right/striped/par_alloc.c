// par_alloc.c: segregated bins, each with a lock of its own.
//
// Every block has a head that points to its chunk; a chunk serves one bin, knows which of its blocks are free, and is
// unmapped when all of them are. Threads meet only when they want blocks of the same size at the same time. There are
// no caches of threads, so there is nothing to lose when one ends.

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

#define CHUNK_BYTES 65536
#define BIN_COUNT 17

// Totals with the head: 32, 48, 64, 96, ... 8192. Larger blocks are mapped on their own.
static size_t bin_total(unsigned bin) { return (bin % 2 ? (size_t)48 : (size_t)32) << (bin / 2); }

typedef struct chunk chunk;

typedef struct head {
    chunk* chunk;  // NULL for a block that was mapped on its own
    size_t room;   // bytes for the caller
} head;

typedef struct free_block {
    head head;
    struct free_block* next;
} free_block;

struct chunk {
    chunk *next, *prev;
    free_block* free;
    char* fresh;  // from here on nothing was handed out yet
    unsigned bin, used;
    size_t padding[3];
};

static struct {
    pthread_mutex_t lock;
    chunk* chunks;  // those with room
    char own_cache_line[64];
} bins[BIN_COUNT] = {[0 ... BIN_COUNT - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};

static void* map(size_t bytes) {
    void* start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

static void push(chunk* c) {
    c->prev = NULL;
    c->next = bins[c->bin].chunks;
    if (c->next != NULL) c->next->prev = c;
    bins[c->bin].chunks = c;
}

static void drop(chunk* c) {
    if (c->prev == NULL) {
        bins[c->bin].chunks = c->next;
    } else {
        c->prev->next = c->next;
    }
    if (c->next != NULL) c->next->prev = c->prev;
}

static int has_room(const chunk* c) {
    return c->free != NULL || c->fresh + bin_total(c->bin) <= (const char*)c + CHUNK_BYTES;
}

static chunk* new_chunk(unsigned bin) {
    chunk* c = map(CHUNK_BYTES);
    if (c == NULL) return NULL;
    c->bin = bin;
    c->fresh = (char*)(c + 1);
    push(c);
    return c;
}

static void* take(unsigned bin) {
    pthread_mutex_lock(&bins[bin].lock);
    chunk* c = bins[bin].chunks;
    if (c == NULL) c = new_chunk(bin);
    head* h = NULL;
    if (c != NULL) {
        if (c->free != NULL) {
            h = &c->free->head;
            c->free = c->free->next;
        } else {
            h = (head*)c->fresh;
            h->chunk = c;
            h->room = bin_total(bin) - sizeof(head);
            c->fresh += bin_total(bin);
        }
        c->used++;
        if (!has_room(c)) drop(c);
    }
    pthread_mutex_unlock(&bins[bin].lock);
    return h == NULL ? NULL : h + 1;
}

static void give(free_block* block) {
    chunk* c = block->head.chunk;
    unsigned bin = c->bin;
    pthread_mutex_lock(&bins[bin].lock);
    if (!has_room(c)) push(c);
    block->next = c->free;
    c->free = block;
    c->used--;
    int alone = bins[bin].chunks == c && c->next == NULL;
    int unneeded = c->used == 0 && !alone;
    if (unneeded) drop(c);
    pthread_mutex_unlock(&bins[bin].lock);
    if (unneeded) munmap(c, CHUNK_BYTES);
}

static void* take_large(size_t bytes) {
    size_t total = (bytes + sizeof(head) + 4095) & ~(size_t)4095;
    if (total < bytes) return NULL;
    head* h = map(total);
    if (h == NULL) return NULL;
    h->chunk = NULL;
    h->room = total - sizeof(head);
    return h + 1;
}

void* xmalloc(size_t bytes) {
    for (unsigned bin = 0; bin < BIN_COUNT; bin++) {
        if (bytes <= bin_total(bin) - sizeof(head)) return take(bin);
    }
    return take_large(bytes);
}

void xfree(void* item) {
    if (item == NULL) return;
    head* h = (head*)item - 1;
    if (h->chunk == NULL) {
        munmap(h, h->room + sizeof(head));
    } else {
        give((free_block*)h);
    }
}

void* xrealloc(void* item, size_t bytes) {
    if (item == NULL) return xmalloc(bytes);
    if (bytes == 0) {
        xfree(item);
        return NULL;
    }
    size_t room = ((head*)item - 1)->room;
    if (bytes <= room && room <= 2 * bytes) return item;
    void* new_item = xmalloc(bytes);
    if (new_item != NULL) {
        memcpy(new_item, item, room < bytes ? room : bytes);
        xfree(item);
    }
    return new_item;
}

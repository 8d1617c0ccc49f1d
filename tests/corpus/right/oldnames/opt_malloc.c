// opt_malloc.c: the optimized allocator under its old name. Each thread has a stack of blocks for each size.
//
// The stacks are arrays, so a free block in a stack is never touched. An empty stack is filled, and a full one emptied
// to its half, from the shelf of that size: chunks of 128 KiB under a lock. Before each block is the address of its
// chunk.

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

#define CHUNK 131072
#define STACK 64
#define KINDS 14

static const uint32_t kind_sizes[KINDS] = {24, 40, 56, 88, 120, 184, 248, 504, 760, 1016, 1528, 2040, 4088, 8184};

typedef struct chunk {
    struct chunk *next, *prev;
    void** free;
    uint32_t kind, used, fresh, padding;
} chunk_t;

typedef struct shelf {
    pthread_mutex_t mutex;
    chunk_t* chunks;
} shelf_t;

static shelf_t shelves[KINDS] = {[0 ... KINDS - 1] = {.mutex = PTHREAD_MUTEX_INITIALIZER}};
static __thread void* stacks[KINDS][STACK];
static __thread int heights[KINDS];
static __thread int has_key;
static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static chunk_t** owner(void* block) { return (chunk_t**)block - 1; }
static uint32_t stride(uint32_t kind) { return kind_sizes[kind] + 8; }
static int exhausted(chunk_t* c) { return !c->free && c->fresh + stride(c->kind) > CHUNK; }

static void put_on_shelf(chunk_t* c) {
    shelf_t* s = &shelves[c->kind];
    c->prev = NULL;
    c->next = s->chunks;
    if (c->next) c->next->prev = c;
    s->chunks = c;
}

static void take_off_shelf(chunk_t* c) {
    if (c->next) c->next->prev = c->prev;
    if (c->prev)
        c->prev->next = c->next;
    else
        shelves[c->kind].chunks = c->next;
}

static void* shelf_take(uint32_t kind) {
    chunk_t* c = shelves[kind].chunks;
    if (!c) {
        c = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (c == MAP_FAILED) return NULL;
        c->kind = kind;
        c->fresh = sizeof(chunk_t);
        put_on_shelf(c);
    }
    void** block = c->free;
    if (block) {
        c->free = *block;
    } else {
        block = (void**)((char*)c + c->fresh + 8);
        *owner(block) = c;
        c->fresh += stride(kind);
    }
    c->used++;
    if (exhausted(c)) take_off_shelf(c);
    return block;
}

static void shelf_give(void** block) {
    chunk_t* c = *owner(block);
    if (exhausted(c)) put_on_shelf(c);
    *block = c->free;
    c->free = block;
    if (--c->used == 0 && (c->next || c->prev)) {
        take_off_shelf(c);
        munmap(c, CHUNK);
    }
}

static void lower(uint32_t kind, int height) {
    pthread_mutex_lock(&shelves[kind].mutex);
    while (heights[kind] > height) shelf_give(stacks[kind][--heights[kind]]);
    pthread_mutex_unlock(&shelves[kind].mutex);
}

static void at_exit_of_thread(void* ignored) {
    (void)ignored;
    has_key = 0;
    for (uint32_t kind = 0; kind < KINDS; kind++) lower(kind, 0);
}

static void create_key(void) { pthread_key_create(&key, at_exit_of_thread); }

static void use_key(void) {
    if (has_key) return;
    has_key = 1;
    pthread_once(&key_once, create_key);
    pthread_setspecific(key, &has_key);
}

static int height_limit(uint32_t kind) { return kind_sizes[kind] > 1000 ? 4 : STACK; }

static void raise_stack(uint32_t kind) {
    use_key();
    pthread_mutex_lock(&shelves[kind].mutex);
    while (heights[kind] < height_limit(kind) / 2) {
        void* block = shelf_take(kind);
        if (!block) break;
        stacks[kind][heights[kind]++] = block;
    }
    pthread_mutex_unlock(&shelves[kind].mutex);
}

void* xmalloc(size_t bytes) {
    if (bytes > kind_sizes[KINDS - 1]) {
        size_t total = (bytes + 16 + 4095) & ~(size_t)4095;
        if (total < bytes) return NULL;
        size_t* start = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (start == MAP_FAILED) return NULL;
        start[0] = total;  // start[1], where others have their chunk, stays 0
        return start + 2;
    }
    uint32_t kind = 0;
    while (kind_sizes[kind] < bytes) kind++;
    if (heights[kind] == 0) raise_stack(kind);
    return heights[kind] > 0 ? stacks[kind][--heights[kind]] : NULL;
}

void xfree(void* block) {
    if (!block) return;
    chunk_t* c = *owner(block);
    if (!c) {
        munmap((char*)block - 16, ((size_t*)block)[-2]);
        return;
    }
    use_key();
    if (heights[c->kind] == height_limit(c->kind)) lower(c->kind, height_limit(c->kind) / 2);
    stacks[c->kind][heights[c->kind]++] = block;
}

void* xrealloc(void* block, size_t bytes) {
    if (!block) return xmalloc(bytes);
    chunk_t* c = *owner(block);
    size_t room = c ? kind_sizes[c->kind] : ((size_t*)block)[-2] - 16;
    if (bytes <= room && bytes > room / 2) return block;
    void* moved = xmalloc(bytes);
    if (!moved) return NULL;
    memcpy(moved, block, bytes < room ? bytes : room);
    xfree(block);
    return moved;
}

// par_alloc.c: eight arenas, each with a lock, bins of free blocks and boundary tags.
//
// A thread is given an arena when it first takes a block. An arena cuts its blocks out of chunks of one megabyte that
// begin at a multiple of a megabyte, so that a block finds its chunk, and there its arena. Free neighbours are joined
// at once; a chunk of which everything is free is unmapped.
//
//     block in use:   | size, flags |  the caller's bytes                  |
//     block free:     | size, flags | next | prev | ...            | size  |

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

#define ARENAS 8
#define BINS 20
#define CHUNK ((size_t)1 << 20)
#define LARGEST ((size_t)32 << 10)
#define SMALLEST ((size_t)32)
#define HEAD sizeof(size_t)
#define WHOLE (CHUNK - sizeof(Chunk) - HEAD)  // the size of the block that is all of a chunk

// The size of a block is a multiple of 16; the rest of the word is flags.
enum { USED = 1, BEFORE_USED = 2, MAPPED = 4, FLAGS = 15 };

// Atomic, because the neighbour of a block sets a flag in it while the owner of the block reads the size.

typedef struct Block {
    _Atomic size_t tag;
    struct Block* next;
    struct Block* prev;
} Block;

typedef struct Arena {
    pthread_mutex_t lock;
    Block* bins[BINS];
    size_t chunks;
} Arena;

typedef struct Chunk {
    Arena* arena;
    size_t padding[2];
    size_t first[];  // the tag of the first block: its bytes begin at a multiple of 16
} Chunk;

static Arena arenas[ARENAS] = {[0 ... ARENAS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};
static atomic_uint next_arena;
static _Thread_local Arena* mine;

static size_t tag_of(const Block* block) { return atomic_load_explicit(&block->tag, memory_order_relaxed); }
static void set_tag(Block* block, size_t tag) { atomic_store_explicit(&block->tag, tag, memory_order_relaxed); }
static size_t size_of(const Block* block) { return tag_of(block) & ~(size_t)FLAGS; }
static Block* after(Block* block) { return (Block*)((char*)block + size_of(block)); }
static Block* before(Block* block) { return (Block*)((char*)block - ((size_t*)block)[-1]); }
static void* bytes_of(Block* block) { return (char*)block + HEAD; }
static Block* block_of(void* bytes) { return (Block*)((char*)bytes - HEAD); }
static Chunk* chunk_of(void* bytes) { return (Chunk*)((uintptr_t)bytes & ~(CHUNK - 1)); }
static void set_footer(Block* block) { ((size_t*)after(block))[-1] = size_of(block); }

static unsigned bin_of(size_t size) {
    unsigned bin = 63u - (unsigned)__builtin_clzl(size) - 5;
    return bin < BINS ? bin : BINS - 1;
}

static void insert(Arena* arena, Block* block) {
    Block** bin = &arena->bins[bin_of(size_of(block))];
    block->prev = NULL;
    block->next = *bin;
    if (*bin) (*bin)->prev = block;
    *bin = block;
}

static void take_out(Arena* arena, Block* block) {
    if (block->next) block->next->prev = block->prev;
    if (block->prev) {
        block->prev->next = block->next;
    } else {
        arena->bins[bin_of(size_of(block))] = block->next;
    }
}

// A megabyte at a multiple of a megabyte: map two, and give back what lies around it.
static Chunk* map_chunk(void) {
    char* start = mmap(NULL, 2 * CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return NULL;
    char* aligned = (char*)(((uintptr_t)start + CHUNK - 1) & ~(CHUNK - 1));
    if (aligned > start) munmap(start, (size_t)(aligned - start));
    munmap(aligned + CHUNK, (size_t)(start + CHUNK - aligned));
    return (Chunk*)aligned;
}

// A chunk ends with a tag of a block of nothing that is always in use.
static int grow(Arena* arena) {
    Chunk* chunk = map_chunk();
    if (!chunk) return 0;
    chunk->arena = arena;
    Block* block = (Block*)chunk->first;
    set_tag(block, WHOLE | BEFORE_USED);
    set_footer(block);
    set_tag(after(block), USED);
    insert(arena, block);
    arena->chunks++;
    return 1;
}

// In the bin of its own size a block may be too small: only a few are looked at. In a larger bin any will do.
static Block* find(Arena* arena, size_t size) {
    unsigned bin = bin_of(size);
    int looks = 8;
    for (Block* block = arena->bins[bin]; block && looks-- > 0; block = block->next) {
        if (size_of(block) >= size) return block;
    }
    while (++bin < BINS) {
        if (arena->bins[bin]) return arena->bins[bin];
    }
    return NULL;
}

static void use(Arena* arena, Block* block, size_t size) {
    take_out(arena, block);
    size_t left = size_of(block) - size;
    if (left < SMALLEST) {
        set_tag(block, tag_of(block) | USED);
        set_tag(after(block), tag_of(after(block)) | BEFORE_USED);
        return;
    }
    set_tag(block, size | (tag_of(block) & BEFORE_USED) | USED);
    Block* rest = after(block);
    set_tag(rest, left | BEFORE_USED);
    set_footer(rest);
    insert(arena, rest);
}

static void release(Arena* arena, Block* block) {
    size_t size = size_of(block);
    Block* next = after(block);
    if (!(tag_of(next) & USED)) {
        take_out(arena, next);
        size += size_of(next);
    }
    if (!(tag_of(block) & BEFORE_USED)) {
        block = before(block);
        take_out(arena, block);
        size += size_of(block);
    }
    set_tag(block, size | BEFORE_USED);
    if (size == WHOLE && arena->chunks > 1) {
        arena->chunks--;
        munmap(chunk_of(block), CHUNK);
        return;
    }
    set_tag(after(block), tag_of(after(block)) & ~(size_t)BEFORE_USED);
    set_footer(block);
    insert(arena, block);
}

static void* map_large(size_t bytes) {
    size_t total = (bytes + 16 + 4095) & ~(size_t)4095;
    if (total < bytes) return NULL;
    char* start = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return NULL;
    Block* block = (Block*)(start + 16 - HEAD);
    set_tag(block, total | MAPPED | USED);
    return bytes_of(block);
}

void* xmalloc(size_t bytes) {
    if (bytes > LARGEST) return map_large(bytes);
    size_t size = (bytes + HEAD + 15) & ~(size_t)15;
    if (size < SMALLEST) size = SMALLEST;
    if (!mine) mine = &arenas[atomic_fetch_add(&next_arena, 1) % ARENAS];
    Arena* arena = mine;
    pthread_mutex_lock(&arena->lock);
    Block* block = find(arena, size);
    if (!block && grow(arena)) block = find(arena, size);
    if (block) use(arena, block, size);
    pthread_mutex_unlock(&arena->lock);
    return block ? bytes_of(block) : NULL;
}

void xfree(void* bytes) {
    if (!bytes) return;
    Block* block = block_of(bytes);
    if (tag_of(block) & MAPPED) {
        munmap((char*)bytes - 16, size_of(block));
        return;
    }
    Arena* arena = chunk_of(bytes)->arena;
    pthread_mutex_lock(&arena->lock);
    release(arena, block);
    pthread_mutex_unlock(&arena->lock);
}

static size_t room_of(void* bytes) {
    Block* block = block_of(bytes);
    return size_of(block) - (tag_of(block) & MAPPED ? 16 : HEAD);
}

void* xrealloc(void* bytes, size_t wanted) {
    if (!bytes) return xmalloc(wanted);
    if (wanted == 0) {
        xfree(bytes);
        return NULL;
    }
    size_t room = room_of(bytes);
    if (wanted <= room && wanted >= room / 2) return bytes;
    void* moved = xmalloc(wanted);
    if (!moved) return NULL;
    memcpy(moved, bytes, room < wanted ? room : wanted);
    xfree(bytes);
    return moved;
}

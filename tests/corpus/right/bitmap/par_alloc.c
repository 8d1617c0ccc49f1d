// par_alloc.c: slabs with a bitmap, found by rounding the address of a block down.
//
// A slab is 64 KiB at a multiple of 64 KiB and holds blocks of one size, a multiple of 32 bytes; its head has one bit
// for each block. Blocks have no head. A large block is mapped on its own and begins 16 bytes into its first page,
// where no block of a slab can be: that is how the two are told apart.

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

enum { SLAB_BYTES = 64 * 1024, HEAD_BYTES = 512, UNIT = 32, WORDS = 32, KINDS = 20 };

static const unsigned kind_bytes[KINDS] = {32,  64,  96,   128,  160,  192,  256,  320,  384,  512,
                                           640, 768, 1024, 1280, 1536, 2048, 3072, 4096, 6144, 8192};

typedef struct slab {
    struct slab* next;  // of those that are not full
    struct slab* previous;
    unsigned kind;
    unsigned free_count;
    unsigned capacity;
    unsigned hint;  // no word before this one has a free bit
    uint64_t free_bits[WORDS];
} slab;

_Static_assert(sizeof(slab) <= HEAD_BYTES, "the head of a slab is before its first block");

static struct {
    pthread_mutex_t lock;
    slab* slabs;
} kinds[KINDS] = {[0 ... KINDS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};

static void* map(size_t bytes) {
    void* start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

static slab* slab_of(void* block) { return (slab*)((uintptr_t)block & ~(uintptr_t)(SLAB_BYTES - 1)); }
static bool is_large(void* block) { return (uintptr_t)block % UNIT == 16; }
static size_t* large_bytes(void* block) { return (size_t*)block - 2; }

static void link_slab(slab* s) {
    s->previous = NULL;
    s->next = kinds[s->kind].slabs;
    if (s->next != NULL) s->next->previous = s;
    kinds[s->kind].slabs = s;
}

static void unlink_slab(slab* s) {
    if (s->next != NULL) s->next->previous = s->previous;
    if (s->previous != NULL) {
        s->previous->next = s->next;
    } else {
        kinds[s->kind].slabs = s->next;
    }
}

static slab* make_slab(unsigned kind) {
    char* twice = map(2 * SLAB_BYTES);
    if (twice == NULL) return NULL;
    slab* s = slab_of(twice + SLAB_BYTES - 1);
    char* end = (char*)s + SLAB_BYTES;
    if ((char*)s > twice) munmap(twice, (size_t)((char*)s - twice));
    munmap(end, (size_t)(twice + 2 * SLAB_BYTES - end));
    s->kind = kind;
    s->capacity = (SLAB_BYTES - HEAD_BYTES) / kind_bytes[kind];
    s->free_count = s->capacity;
    for (unsigned i = 0; i < s->capacity; i++) s->free_bits[i / 64] |= UINT64_C(1) << i % 64;
    link_slab(s);
    return s;
}

static void* take(unsigned kind) {
    pthread_mutex_lock(&kinds[kind].lock);
    void* block = NULL;
    slab* s = kinds[kind].slabs;
    if (s == NULL) s = make_slab(kind);
    if (s != NULL) {
        while (s->free_bits[s->hint] == 0) s->hint++;
        unsigned bit = (unsigned)__builtin_ctzll(s->free_bits[s->hint]);
        s->free_bits[s->hint] &= ~(UINT64_C(1) << bit);
        block = (char*)s + HEAD_BYTES + (size_t)(s->hint * 64 + bit) * kind_bytes[kind];
        if (--s->free_count == 0) unlink_slab(s);
    }
    pthread_mutex_unlock(&kinds[kind].lock);
    return block;
}

static void give(void* block) {
    slab* s = slab_of(block);
    unsigned kind = s->kind;
    unsigned index = (unsigned)((char*)block - (char*)s - HEAD_BYTES) / kind_bytes[kind];
    pthread_mutex_lock(&kinds[kind].lock);
    if (s->free_count++ == 0) link_slab(s);
    s->free_bits[index / 64] |= UINT64_C(1) << index % 64;
    if (index / 64 < s->hint) s->hint = index / 64;
    bool last = kinds[kind].slabs == s && s->next == NULL;
    if (s->free_count == s->capacity && !last) {
        unlink_slab(s);
        munmap(s, SLAB_BYTES);
    }
    pthread_mutex_unlock(&kinds[kind].lock);
}

void* xmalloc(size_t bytes) {
    if (bytes > kind_bytes[KINDS - 1]) {
        size_t total = (bytes + 16 + 4095) & ~(size_t)4095;
        char* start = total < bytes ? NULL : map(total);
        if (start == NULL) return NULL;
        *large_bytes(start + 16) = total;
        return start + 16;
    }
    unsigned kind = 0;
    while (kind_bytes[kind] < bytes) kind++;
    return take(kind);
}

void xfree(void* block) {
    if (block == NULL) return;
    if (is_large(block)) {
        munmap((char*)block - 16, *large_bytes(block));
    } else {
        give(block);
    }
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL) return xmalloc(bytes);
    size_t room = is_large(block) ? *large_bytes(block) - 16 : kind_bytes[slab_of(block)->kind];
    if (bytes <= room && bytes >= room / 2) return block;
    void* moved = xmalloc(bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, block, room < bytes ? room : bytes);
    xfree(block);
    return moved;
}

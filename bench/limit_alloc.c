// limit_alloc.c: a yardstick, not an allocator. It shows how far from the floor the real ones are.
//
// Each thread cuts blocks off the end of its own spans, one span a power-of-two class at a time, and keeps freed blocks
// in one LIFO list a class. So xmalloc and xfree are a handful of instructions each. What makes that possible is what
// is missing: nobody counts live blocks, nothing goes back to the system, what a thread holds when it ends is lost, a
// block freed by another thread stays with that thread, and a freed block over 32 KiB is never used again. It is meant
// for `ivec` and `list` alone, which take nothing that large but the tables they keep to their end.

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

enum {
    SMALLEST_SHIFT = 4,              // 16 bytes, the alignment of the contract
    CLASSES = 12,                    // 16 bytes, 32, ... 32 KiB
    LARGE = CLASSES,                 // the class of blocks with a mapping of their own
    SPAN_BYTES = 64 * 1024,          // also its alignment: the span of a block is found by masking
    CHUNK_BYTES = 256 * SPAN_BYTES,  // what is asked of the system at a time
};

struct free_block {
    struct free_block* next;
};

// The first bytes of a span; its blocks follow. All of them have one class, which is how xfree and xrealloc know it.
struct span {
    unsigned class;
    size_t block_bytes;
};

// What a thread has for one class: freed blocks, and the rest of a span that was never handed out.
struct shelf {
    struct free_block* freed;
    char* fresh;
    char* fresh_end;
};

enum { SPAN_HEAD_BYTES = sizeof(struct span) };
_Static_assert(SPAN_HEAD_BYTES % (1 << SMALLEST_SHIFT) == 0, "the blocks behind the head are aligned");

static _Thread_local struct shelf shelves[CLASSES + 1];  // blocks on the last one, LARGE, stay there
static _Thread_local char* chunk;                        // the rest of the chunk that the thread takes its spans from
static _Thread_local char* chunk_end;

static unsigned class_of(size_t bytes) {
    if (bytes <= 1U << SMALLEST_SHIFT) return 0;
    if (bytes > (size_t)1 << (SMALLEST_SHIFT + CLASSES - 1)) return LARGE;
    return (unsigned)(64 - __builtin_clzll(bytes - 1)) - SMALLEST_SHIFT;
}

static size_t class_bytes(unsigned class) { return (size_t)1 << (class + SMALLEST_SHIFT); }

static struct span* span_of(void* block) { return (struct span*)((uintptr_t)block & ~(uintptr_t)(SPAN_BYTES - 1)); }

// A fresh mapping of that many bytes that begins where a span may begin, or NULL.
static void* map_aligned(size_t bytes) {
    // Room for aligning is left mapped: pages that nobody touches cost nothing.
    char* mapped = mmap(NULL, bytes + SPAN_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mapped == MAP_FAILED ? NULL : span_of(mapped + SPAN_BYTES - 1);
}

static struct span* span_take(void) {
    if (chunk == chunk_end) {
        char* mapped = map_aligned(CHUNK_BYTES);
        if (mapped == NULL) return NULL;
        chunk = mapped;
        chunk_end = chunk + CHUNK_BYTES;
    }
    struct span* span = (struct span*)chunk;
    chunk += SPAN_BYTES;
    return span;
}

// The way of a block that no freed one serves and for which the span has no room left.
static __attribute__((noinline)) void* take_from_new_span(size_t bytes, unsigned class) {
    struct span* span = NULL;
    if (class < LARGE) {
        bytes = class_bytes(class);
        span = span_take();
    } else if (bytes <= PTRDIFF_MAX - 2 * SPAN_BYTES) {
        span = map_aligned(bytes + SPAN_HEAD_BYTES);
    }
    if (span == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    *span = (struct span){.class = class, .block_bytes = bytes};
    char* block = (char*)(span + 1);
    if (class < LARGE) {
        shelves[class].fresh = block + bytes;
        shelves[class].fresh_end = block + (SPAN_BYTES - SPAN_HEAD_BYTES) / bytes * bytes;
    }
    return block;
}

void* xmalloc(size_t bytes) {
    unsigned class = class_of(bytes);
    if (class == LARGE) return take_from_new_span(bytes, class);
    struct shelf* shelf = &shelves[class];
    struct free_block* freed = shelf->freed;
    if (freed != NULL) {
        shelf->freed = freed->next;
        return freed;
    }
    char* block = shelf->fresh;
    if (block == shelf->fresh_end) return take_from_new_span(bytes, class);
    shelf->fresh = block + class_bytes(class);
    return block;
}

void xfree(void* block) {
    if (block == NULL) return;
    struct shelf* shelf = &shelves[span_of(block)->class];
    struct free_block* freed = block;
    freed->next = shelf->freed;
    shelf->freed = freed;
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL) return xmalloc(bytes);
    if (bytes == 0) {
        xfree(block);
        return NULL;
    }
    const struct span* span = span_of(block);
    if (class_of(bytes) == span->class && bytes <= span->block_bytes) return block;
    void* moved = xmalloc(bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, block, span->block_bytes < bytes ? span->block_bytes : bytes);
    xfree(block);
    return moved;
}

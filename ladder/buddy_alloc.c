// buddy_alloc.c: the first rung of the ladder. Blocks are powers of two, and each has one buddy.
//
// The idea: memory comes in chunks of 1 MiB, at multiples of 1 MiB. A block is a chunk or one half of a larger block,
// so its size is a power of two and its address is a multiple of that size. The two halves of a block are buddies:
// their addresses differ in one bit, so each finds the other with one exclusive or. There is a list of free blocks for
// each size. Taking a block looks into the list of its size; if that is empty, a larger block is split. Giving one back
// looks at the buddy: if it is free and whole, the two become the block that they were, which again looks at its buddy.
//
//     chunk, 1 MiB:  |        512 KiB          |   256 KiB  | 128 |64|64|    split down to 64 KiB
//     a block:       | total, is_free | the caller's bytes ...         |    in use
//                    | total, is_free | next, previous | ...           |    free, in the list of its size
//                    ^ header, 16 bytes, at a multiple of total
//
// What it costs: xmalloc and xfree split or merge at most once for each size, which is O(log(chunk / smallest)): 15
// steps, however many blocks are free. Nothing is ever searched.
//
// Advantages: a free block of the right size is found in constant time. Merging needs no order in the lists. A chunk
// that is whole again goes back to the system.
//
// Disadvantages: a block is up to twice what was asked for (internal fragmentation), and the header makes it worse: 64
// bytes do not fit into a block of 64. Two free neighbours that are not buddies stay two (external fragmentation).
//
// Where it breaks: all threads wait for one lock. Requests over 1 MiB are no powers of two: each is a mapping of its
// own.

#if __SIZEOF_POINTER__ < 8
#error "buddy needs pointers of 64 bits; a machine of 32 bits has the C library's: make BACKENDS=sys"
#endif

#include "xmalloc.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE_BYTES = 4096, SMALLEST = 32, CHUNK_BYTES = 1 << 20, SIZES = 16 };  // 32 bytes << 15 is a chunk

typedef struct Block {
    size_t total;            // bytes of the block, header included: a power of two up to a chunk, or over that, mapped
    bool is_free;            // whole and in the list of its size
    struct Block* next;      // only while the block is free: here the caller's bytes begin
    struct Block* previous;  // NULL in the first of the list
} Block;

enum { HEADER_BYTES = offsetof(Block, next) };
_Static_assert(HEADER_BYTES == 16, "the caller's bytes are aligned because headers are");
_Static_assert(sizeof(Block) <= SMALLEST && SMALLEST << (SIZES - 1) == CHUNK_BYTES, "the sizes fit the block");

// Invariant while the lock is free: no free block has a buddy that is free and as large.
static struct {
    pthread_mutex_t lock;
    Block* free[SIZES];  // blocks of SMALLEST << index
} heap = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void* bytes_of(Block* block) { return (char*)block + HEADER_BYTES; }
static Block* block_of(void* bytes) { return (Block*)((char*)bytes - HEADER_BYTES); }
static Block* buddy_of(Block* block) { return (Block*)((uintptr_t)block ^ block->total); }
static bool is_mapped(size_t total) { return total > CHUNK_BYTES; }

// The list for blocks of a power of two: how often SMALLEST is doubled to get there.
static unsigned index_of(size_t total) { return (unsigned)__builtin_ctzl(total / SMALLEST); }

// The total that a request needs: the next power of two, or whole pages. bytes is at most PTRDIFF_MAX, so nothing
// overflows.
static size_t total_for(size_t bytes) {
    size_t needed = bytes + HEADER_BYTES;
    if (is_mapped(needed)) return (needed + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    size_t total = SMALLEST;
    while (total < needed) total *= 2;
    return total;
}

static void add_to_list(Block* block) {
    Block** first = &heap.free[index_of(block->total)];
    block->is_free = true;
    block->previous = NULL;
    block->next = *first;
    if (*first != NULL) (*first)->previous = block;
    *first = block;
}

static void remove_from_list(Block* block) {
    block->is_free = false;
    if (block->next != NULL) block->next->previous = block->previous;
    if (block->previous != NULL) {
        block->previous->next = block->next;
    } else {
        heap.free[index_of(block->total)] = block->next;
    }
}

// Maps memory as one block. NULL when the system has none.
static Block* map(size_t total) {
    Block* block = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) return NULL;
    block->total = total;
    return block;
}

// A fresh chunk. The system promises only whole pages, so twice as much is mapped and the ends are cut off.
static Block* map_chunk(void) {
    char* start = mmap(NULL, 2 * CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return NULL;
    size_t before = -(uintptr_t)start % CHUNK_BYTES;
    if (before > 0) munmap(start, before);
    munmap(start + before + CHUNK_BYTES, CHUNK_BYTES - before);
    Block* chunk = (Block*)(start + before);
    chunk->total = CHUNK_BYTES;
    return chunk;
}

// Halves a block that is in no list until it has that total. The upper halves become free blocks. The caller holds the
// lock.
static void split(Block* block, size_t total) {
    while (block->total > total) {
        block->total /= 2;
        Block* upper = buddy_of(block);
        upper->total = block->total;
        add_to_list(upper);
    }
}

// Takes the smallest free block that is large enough, or a new chunk, and splits it. The caller holds the lock.
static Block* take_from_lists(size_t total) {
    unsigned index = index_of(total);
    while (index < SIZES && heap.free[index] == NULL) index++;
    Block* block = index < SIZES ? heap.free[index] : map_chunk();
    if (block == NULL) return NULL;
    if (index < SIZES) remove_from_list(block);
    split(block, total);
    block->is_free = false;
    return block;
}

// Merges a block that nobody uses with its buddies, as far as it goes. One whole chunk is kept for the next request,
// all others are unmapped. The caller holds the lock.
static void give_to_lists(Block* block) {
    while (block->total < CHUNK_BYTES) {
        Block* buddy = buddy_of(block);
        if (!buddy->is_free || buddy->total != block->total) break;
        remove_from_list(buddy);
        if (buddy < block) block = buddy;
        block->total *= 2;
    }
    bool is_spare = block->total == CHUNK_BYTES && heap.free[SIZES - 1] != NULL;
    if (is_spare && munmap(block, CHUNK_BYTES) == 0) return;
    add_to_list(block);
}

void* xmalloc(size_t bytes) {
    Block* block = NULL;
    if (bytes <= PTRDIFF_MAX) {
        size_t total = total_for(bytes);
        if (is_mapped(total)) {
            block = map(total);
        } else {
            pthread_mutex_lock(&heap.lock);
            block = take_from_lists(total);
            pthread_mutex_unlock(&heap.lock);
        }
    }
    if (block == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    return bytes_of(block);
}

void xfree(void* bytes) {
    if (bytes == NULL) return;
    int kept_errno = errno;
    Block* block = block_of(bytes);
    if (!is_mapped(block->total)) {
        pthread_mutex_lock(&heap.lock);
        give_to_lists(block);
        pthread_mutex_unlock(&heap.lock);
    } else if (munmap(block, block->total) != 0) {
        // A process may own only so many mappings, and a hole makes one more. Then only the address space is lost.
        madvise(block, block->total, MADV_DONTNEED);
    }
    errno = kept_errno;
}

// Resizes a block that was mapped on its own: the kernel moves pages instead of copying bytes.
static void* remap(Block* block, size_t total) {
    Block* moved = mremap(block, block->total, total, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) {
        errno = ENOMEM;
        return NULL;
    }
    moved->total = total;
    return bytes_of(moved);
}

static void* move(Block* block, size_t bytes) {
    void* moved = xmalloc(bytes);
    if (moved == NULL) return NULL;
    size_t old_bytes = block->total - HEADER_BYTES;
    memcpy(moved, bytes_of(block), old_bytes < bytes ? old_bytes : bytes);
    xfree(bytes_of(block));
    return moved;
}

void* xrealloc(void* old, size_t bytes) {
    if (old == NULL) return xmalloc(bytes);
    if (bytes == 0) {
        xfree(old);
        return NULL;
    }
    if (bytes > PTRDIFF_MAX) {
        errno = ENOMEM;
        return NULL;
    }

    // No lock yet: nobody changes the header of a used block but its owner.
    Block* block = block_of(old);
    size_t total = total_for(bytes);
    if (is_mapped(block->total) && is_mapped(total)) return remap(block, total);
    if (is_mapped(block->total) || total > block->total) return move(block, bytes);
    pthread_mutex_lock(&heap.lock);
    split(block, total);
    pthread_mutex_unlock(&heap.lock);
    return old;
}

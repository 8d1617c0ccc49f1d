// cache_alloc.c: the third rung of the ladder, Plan A. A free list for all, and before it a cache for each thread.
//
// The idea: free memory is in one list, in the order of addresses, with one lock, as in hw08_alloc.c. But each thread
// keeps small blocks that it frees in a cache of its own: a stack for each size, which needs no lock. xmalloc looks
// there first, and goes to the list of all only when the stack is empty; then it takes a row of blocks at once. When
// the cache of a thread gets too large, three quarters of each stack go back to the list: they are sorted by address,
// so that one walk along the list puts all of them in their places and makes one block of those that touch. A thread
// that ends gives back all.
//
//     cache of a thread:    32: block -> block      48: (empty)      64: block -> ...      up to 8 KiB
//                                      | too much: three quarters     ^ none left: a row of blocks
//                                      v                              |
//     list of all, a lock:  free block -> free block -> ...    by address, no two of them touch
//
//     a block:  | total | next, while it is free | the caller's bytes, rounded up to 16 ... |
//               ^ header, 16 bytes, at a multiple of 16
//
// What it costs: O(1) while the stack has a block and room for more. A visit to the list is O(n) in its free blocks,
// but serves a whole row; sorting k blocks is O(k log k).
//
// Advantages: the lock is taken once for many calls. A thread gets back what it freed last, which is still in its
// core's cache.
//
// Disadvantages: when the caches are of no use, as for large blocks or when one thread takes and another frees, the one
// lock is as narrow as before. Free neighbours in the caches of two threads, or of one, do not become one block. Plan A
// suits neither buddies, which would be stuck in different caches, nor buckets, whose bitmaps two threads would change.
//
// Where it breaks: free blocks that lie scattered make the list long, and each walk with it. Pages once added stay.

#include "xmalloc.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 16, PAGE_BYTES = 4096, GROWTH_BYTES = 256 * 1024, MAPPED_FROM = 32 * 1024 };
enum { CACHED_MOST = 8 * 1024, STACKS = CACHED_MOST / ALIGNMENT + 1 };
enum { ROW_BYTES = CACHED_MOST, CACHE_BYTES_MOST = 1024 * 1024 };

typedef struct Block {
    size_t total;        // bytes of the block, header included; a multiple of 16
    struct Block* next;  // only while the block is free
} Block;

// Invariants while the lock is free: addresses rise along the list, and no free block touches the next.
static struct {
    pthread_mutex_t lock;
    Block* first;
} heap = {.lock = PTHREAD_MUTEX_INITIALIZER};

typedef struct Stack {
    Block* top;
    size_t count;
} Stack;

// What this thread has freed and may use again. Nobody else ever looks at it.
static _Thread_local struct {
    Stack stacks[STACKS];  // blocks whose total is the index times 16
    size_t bytes;          // of all of them
    bool will_be_emptied;  // when the thread ends
} cache;

static void* bytes_of(Block* block) { return block + 1; }
static Block* block_of(void* bytes) { return (Block*)bytes - 1; }
static Block* end_of(Block* block) { return (Block*)((char*)block + block->total); }
static bool is_mapped(size_t total) { return total >= MAPPED_FROM; }
static bool is_cached(size_t total) { return total <= CACHED_MOST; }

// The total that a request needs. bytes is at most PTRDIFF_MAX, so nothing overflows. A
// block of 0 bytes counts as 1, so that its address is nobody else's.
static size_t total_for(size_t bytes) {
    size_t total = sizeof(Block) + (bytes == 0 ? 1 : bytes);
    size_t unit = is_mapped(total + ALIGNMENT - 1) ? PAGE_BYTES : ALIGNMENT;
    return (total + unit - 1) / unit * unit;
}

static Block* map(size_t total) {
    Block* block = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) return NULL;
    block->total = total;
    block->next = NULL;
    return block;
}

// ---- The list of all. Every function here wants the lock to be held, unless it says otherwise.

// Cuts up to that many blocks off the first free ones that are large enough, in one walk. Result: the blocks, in the
// order of addresses; NULL when there are none.
static Block* cut_off(size_t total, size_t count) {
    Block* row = NULL;
    Block** end = &row;
    Block** link = &heap.first;
    while (*link != NULL && count > 0) {
        Block* found = *link;
        if (found->total < total) {
            link = &found->next;
            continue;
        }
        Block* rest = found->next;
        if (found->total > total) {
            rest = (Block*)((char*)found + total);
            rest->total = found->total - total;
            rest->next = found->next;
        }
        *link = rest;
        *end = found;
        end = &found->next;
        found->total = total;
        found->next = NULL;
        count--;
    }
    return row;
}

// Puts blocks, which are sorted by address, in their places, in one walk. Blocks that touch become one.
static void add_sorted(Block* blocks) {
    Block* before = NULL;
    Block* after = heap.first;
    while (blocks != NULL) {
        Block* block = blocks;
        blocks = block->next;
        while (after != NULL && (uintptr_t)after < (uintptr_t)block) {
            before = after;
            after = after->next;
        }
        if (before != NULL && end_of(before) == block) {
            before->total += block->total;
        } else {
            *(before == NULL ? &heap.first : &before->next) = block;
            before = block;
        }
        if (after != NULL && end_of(before) == after) {
            before->total += after->total;
            after = after->next;
        }
        before->next = after;
    }
}

// The same with the lock taken.
static void give_back(Block* sorted) {
    pthread_mutex_lock(&heap.lock);
    add_sorted(sorted);
    pthread_mutex_unlock(&heap.lock);
}

// Up to that many blocks from the list, which grows if it has none. Takes the lock.
static Block* take_from_list(size_t total, size_t count) {
    pthread_mutex_lock(&heap.lock);
    Block* row = cut_off(total, count);
    if (row == NULL) {
        Block* more = map(GROWTH_BYTES);
        if (more == NULL) more = map((total + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);  // there may be a few pages
        if (more != NULL) {
            add_sorted(more);
            row = cut_off(total, count);
        }
    }
    pthread_mutex_unlock(&heap.lock);
    return row;
}

// ---- The cache of a thread

// Merge sort by address.
static Block* sorted(Block* blocks, size_t count) {
    if (count == 0) return NULL;
    if (count == 1) {
        blocks->next = NULL;
        return blocks;
    }
    Block* second = blocks;
    for (size_t i = 0; i < count / 2; i++) second = second->next;
    Block* halves[2];
    halves[1] = sorted(second, count - count / 2);
    halves[0] = sorted(blocks, count / 2);

    Block* first = NULL;
    Block** end = &first;
    while (halves[0] != NULL && halves[1] != NULL) {
        Block** lower = &halves[(uintptr_t)halves[1] < (uintptr_t)halves[0]];
        *end = *lower;
        end = &(*lower)->next;
        *lower = *end;
    }
    *end = halves[0] != NULL ? halves[0] : halves[1];
    return first;
}

// Moves all but a part of each stack to the list of all. What stays is what was freed last.
static void empty_cache(size_t kept_quarters) {
    Block* leaving = NULL;
    size_t count = 0;
    for (size_t i = 0; i < STACKS; i++) {
        Stack* stack = &cache.stacks[i];
        Block** link = &stack->top;
        size_t kept = stack->count / 4 * kept_quarters;
        for (size_t k = 0; k < kept; k++) link = &(*link)->next;
        for (Block* block = *link; block != NULL; count++) {
            Block* next = block->next;
            block->next = leaving;
            leaving = block;
            cache.bytes -= block->total;
            block = next;
        }
        *link = NULL;
        stack->count = kept;
    }
    give_back(sorted(leaving, count));
}

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

// Called when a thread ends. Should it free more after that, in another destructor, this is called once more.
static void thread_ends(void* unused) {
    (void)unused;
    cache.will_be_emptied = false;
    empty_cache(0);
}
static void make_key(void) { pthread_key_create(&key, thread_ends); }

static void push(Block* block) {
    if (!cache.will_be_emptied) {
        pthread_once(&once, make_key);
        cache.will_be_emptied = pthread_setspecific(key, &cache) == 0;
    }
    Stack* stack = &cache.stacks[block->total / ALIGNMENT];
    block->next = stack->top;
    stack->top = block;
    stack->count++;
    cache.bytes += block->total;
}

// A block of the stack of its size. An empty stack is filled first.
static Block* pop(size_t total) {
    Stack* stack = &cache.stacks[total / ALIGNMENT];
    if (stack->top == NULL) {
        Block* row = take_from_list(total, ROW_BYTES / total);
        while (row != NULL) {
            Block* next = row->next;
            push(row);
            row = next;
        }
    }
    Block* block = stack->top;
    if (block == NULL) return NULL;
    stack->top = block->next;
    stack->count--;
    cache.bytes -= total;
    return block;
}

// ---- The three calls

static Block* take(size_t total) {
    if (is_mapped(total)) return map(total);
    return is_cached(total) ? pop(total) : take_from_list(total, 1);
}

void* xmalloc(size_t bytes) {
    Block* block = bytes <= PTRDIFF_MAX ? take(total_for(bytes)) : NULL;
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
    block->next = NULL;
    if (is_cached(block->total)) {
        push(block);
        if (cache.bytes > CACHE_BYTES_MOST) empty_cache(1);
    } else if (!is_mapped(block->total) || munmap(block, block->total) != 0) {
        give_back(block);  // too many mappings to make one more by a hole: the pages serve small blocks then
    }
    errno = kept_errno;
}

static void* move(Block* block, size_t bytes) {
    void* moved = xmalloc(bytes);
    if (moved == NULL) return NULL;
    size_t old_bytes = block->total - sizeof(Block);
    memcpy(moved, bytes_of(block), old_bytes < bytes ? old_bytes : bytes);
    xfree(bytes_of(block));
    return moved;
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
    Block* block = block_of(old);
    size_t total = total_for(bytes);
    if (is_mapped(block->total) && is_mapped(total)) return remap(block, total);
    return total == block->total ? old : move(block, bytes);
}

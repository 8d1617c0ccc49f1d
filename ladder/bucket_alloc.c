// bucket_alloc.c: the second rung of the ladder. Each size has blocks of pages of its own.
//
// The idea: a request is rounded up to one of sixteen sizes, and every size (bucket) has its own blocks of 64 KiB, cut
// into slots of that size. Since all slots of a block are alike, what would be in a header of each is written once, at
// the head of the block: the size, and a bit for each slot that says whether it is free. Blocks lie at multiples of 64
// KiB, so the head is found from any slot by rounding the pointer down. A bucket lists its blocks that have a free
// slot. A block whose slots are all free is unmapped. A request of more than 4,096 bytes gets a mapping of its own with
// a head of the same form, which rounding down finds as well.
//
//     block, 64 KiB:  | head: size, links, bits | slot 0 | slot 1 | ...              | rest, less than a slot |
//     large request:  | head: size 0, pages     | the caller's bytes ...             | to the end of the page |
//                     ^ at a multiple of 64 KiB
//
// The sizes are the powers of two and the points half way between them, as far as these are multiples of 16.
//
// What it costs: xmalloc and xfree are O(1): the first block of the list has a free slot, and a word that says which
// words of the bitmap have a bit set makes finding it two instructions. Nothing is searched and nothing merged.
//
// Advantages: O(1), and neighbours in a block are objects of one size that were often made together: good locality for
// many objects of a fixed size. No header: 64 bytes take 64.
//
// Disadvantages: up to a third of a slot is unused, of the two smallest up to half and more (internal fragmentation),
// and a free slot serves its own size only while one other slot of its block is in use (external). The first request of
// a size takes a whole block: a program that uses all sixteen sizes once has mapped 1 MiB. Objects of different sizes
// that belong together never lie together.
//
// Where it breaks: all threads wait for one lock. Each large request is one more mapping, of which a process may own
// 65,530.

#include "xmalloc.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE_BYTES = 4096, BLOCK_BYTES = 64 * 1024, BUCKETS = 16, LARGEST_SLOT = 4096, BIT_WORDS = 64 };

static const size_t slot_sizes[BUCKETS] = {16,  32,  48,  64,   96,   128,  192,  256,
                                           384, 512, 768, 1024, 1536, 2048, 3072, LARGEST_SLOT};

typedef struct Head {
    size_t total;           // bytes of the mapping, head included
    size_t slot_bytes;      // 0 in the head of a large request
    struct Head* next;      // in the list of its bucket, while the block has a free slot
    struct Head* previous;  // NULL in the first of the list
    size_t free_slots, slots;
    uint64_t words_with_free;  // bit k: free[k] is not 0
    uint64_t free[BIT_WORDS];  // bit i % 64 of free[i / 64]: slot i is free
} Head;

enum { LARGE_HEAD_BYTES = 64, HEAD_BYTES = (sizeof(Head) + 15) / 16 * 16 };
_Static_assert(offsetof(Head, words_with_free) <= LARGE_HEAD_BYTES, "a large request needs no bits");
_Static_assert((BLOCK_BYTES - HEAD_BYTES) / 16 <= BIT_WORDS * 64, "there is a bit for each slot");

static struct {
    pthread_mutex_t lock;
    Head* with_free[BUCKETS];  // the blocks of each size that have a free slot
} heap = {.lock = PTHREAD_MUTEX_INITIALIZER};

static Head* head_of(void* bytes) { return (Head*)((uintptr_t)bytes / BLOCK_BYTES * BLOCK_BYTES); }
static bool is_large(const Head* head) { return head->slot_bytes == 0; }

// The bucket for a request of at most LARGEST_SLOT bytes.
static unsigned bucket_for(size_t bytes) {
    unsigned bucket = 0;
    while (slot_sizes[bucket] < bytes) bucket++;
    return bucket;
}

// Maps whole pages at a multiple of BLOCK_BYTES. The system often has such a place next to the last one; if not, more
// is mapped and the ends are cut off. NULL when there is no memory.
static Head* map(size_t total) {
    enum { PROTECTION = PROT_READ | PROT_WRITE, KIND = MAP_PRIVATE | MAP_ANONYMOUS };
    char* start = mmap(NULL, total, PROTECTION, KIND, -1, 0);
    if (start == MAP_FAILED) return NULL;
    if ((uintptr_t)start % BLOCK_BYTES != 0) {
        munmap(start, total);
        start = mmap(NULL, total + BLOCK_BYTES, PROTECTION, KIND, -1, 0);
        if (start == MAP_FAILED) return NULL;
        size_t before = -(uintptr_t)start % BLOCK_BYTES;
        if (before > 0) munmap(start, before);
        munmap(start + before + total, BLOCK_BYTES - before);
        start += before;
    }
    Head* head = (Head*)start;
    head->total = total;
    return head;
}

static void add_to_list(Head* head, unsigned bucket) {
    Head** first = &heap.with_free[bucket];
    head->previous = NULL;
    head->next = *first;
    if (*first != NULL) (*first)->previous = head;
    *first = head;
}

static void remove_from_list(Head* head, unsigned bucket) {
    if (head->next != NULL) head->next->previous = head->previous;
    if (head->previous != NULL) {
        head->previous->next = head->next;
    } else {
        heap.with_free[bucket] = head->next;
    }
}

// A fresh block of free slots, in the list of its bucket. NULL when there is no memory. The caller holds the lock.
static Head* add_block(unsigned bucket) {
    Head* head = map(BLOCK_BYTES);
    if (head == NULL) return NULL;
    head->slot_bytes = slot_sizes[bucket];
    head->slots = (BLOCK_BYTES - HEAD_BYTES) / head->slot_bytes;
    head->free_slots = head->slots;
    for (size_t first = 0; first < head->slots; first += 64) {
        size_t left = head->slots - first;
        head->free[first / 64] = left >= 64 ? UINT64_MAX : (UINT64_C(1) << left) - 1;
        head->words_with_free |= UINT64_C(1) << first / 64;
    }
    add_to_list(head, bucket);
    return head;
}

// Takes the first free slot of the first block that has one. NULL when there is no memory. The caller holds the lock.
static void* take_slot(unsigned bucket) {
    Head* head = heap.with_free[bucket];
    if (head == NULL) head = add_block(bucket);
    if (head == NULL) return NULL;

    unsigned word = (unsigned)__builtin_ctzl(head->words_with_free);
    size_t slot = word * 64 + (unsigned)__builtin_ctzl(head->free[word]);
    head->free[word] &= head->free[word] - 1;  // the lowest bit is this slot's
    if (head->free[word] == 0) head->words_with_free &= ~(UINT64_C(1) << word);
    if (--head->free_slots == 0) remove_from_list(head, bucket);
    return (char*)head + HEAD_BYTES + slot * head->slot_bytes;
}

// Marks a slot as free. A block without a used slot is unmapped, unless no other of its bucket has a free one: whoever
// takes and frees one block again and again shall not map and unmap each time. The caller holds the lock.
static void give_slot(Head* head, const void* bytes) {
    unsigned bucket = bucket_for(head->slot_bytes);
    size_t slot = ((size_t)((const char*)bytes - (char*)head) - HEAD_BYTES) / head->slot_bytes;
    head->free[slot / 64] |= UINT64_C(1) << slot % 64;
    head->words_with_free |= UINT64_C(1) << slot / 64;
    if (head->free_slots++ == 0) add_to_list(head, bucket);

    bool is_only = head->next == NULL && head->previous == NULL;
    if (head->free_slots < head->slots || is_only) return;
    remove_from_list(head, bucket);
    if (munmap(head, head->total) != 0) add_to_list(head, bucket);  // too many mappings: it stays in use
}

// A mapping of its own for a request that fits no slot. bytes is at most PTRDIFF_MAX, so nothing overflows.
static size_t large_total_for(size_t bytes) {
    return (LARGE_HEAD_BYTES + bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static void* take_large(size_t bytes) {
    Head* head = map(large_total_for(bytes));
    return head == NULL ? NULL : (char*)head + LARGE_HEAD_BYTES;
}

void* xmalloc(size_t bytes) {
    void* taken = NULL;
    if (bytes <= LARGEST_SLOT) {
        pthread_mutex_lock(&heap.lock);
        taken = take_slot(bucket_for(bytes));
        pthread_mutex_unlock(&heap.lock);
    } else if (bytes <= PTRDIFF_MAX) {
        taken = take_large(bytes);
    }
    if (taken == NULL) errno = ENOMEM;
    return taken;
}

void xfree(void* bytes) {
    if (bytes == NULL) return;
    int kept_errno = errno;
    Head* head = head_of(bytes);
    if (!is_large(head)) {
        pthread_mutex_lock(&heap.lock);
        give_slot(head, bytes);
        pthread_mutex_unlock(&heap.lock);
    } else if (munmap(head, head->total) != 0) {
        madvise(head, head->total, MADV_DONTNEED);  // too many mappings: only the address space is lost
    }
    errno = kept_errno;
}

static void* move(void* old, size_t old_bytes, size_t bytes) {
    void* moved = xmalloc(bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, old, old_bytes < bytes ? old_bytes : bytes);
    xfree(old);
    return moved;
}

// The kernel could move the pages of a large request, but not to a multiple of BLOCK_BYTES: it stays, or is copied.
static void* resize_large(Head* head, void* old, size_t bytes) {
    size_t total = large_total_for(bytes);
    if (bytes <= LARGEST_SLOT || mremap(head, head->total, total, 0) == MAP_FAILED) {
        return move(old, head->total - LARGE_HEAD_BYTES, bytes);
    }
    head->total = total;
    return old;
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

    // No lock: what is read here never changes while a slot of the block is in use.
    Head* head = head_of(old);
    if (is_large(head)) return resize_large(head, old, bytes);
    bool fits = bytes <= LARGEST_SLOT && slot_sizes[bucket_for(bytes)] == head->slot_bytes;
    return fits ? old : move(old, head->slot_bytes, bytes);
}

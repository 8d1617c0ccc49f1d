// lockfree.h: blocks of up to 64 bytes are in a list without a lock (R. K. Treiber, 1986). Their memory stays theirs,
// and a tag in the upper 16 bits of an address changes with every step, so that nobody takes a first block for the one
// it was.
//
// Whoever takes reads the link of the first block, which another thread may have taken and filled in the meantime; then
// what was read is thrown away. ThreadSanitizer calls that a race.

#ifndef TESTS_BROKEN_LOCKFREE_H
#define TESTS_BROKEN_LOCKFREE_H

#include <stdatomic.h>

#include "tests/broken/right.h"

enum { SMALL = 64, TAG_SHIFT = 48, SLAB_BYTES = 64 * 1024, MOST_SLABS = 16 };

typedef _Atomic(uintptr_t) Link;

static Link top;
static atomic_size_t slabs;

static Header* untagged(uintptr_t tagged) { return (Header*)(tagged << (64 - TAG_SHIFT) >> (64 - TAG_SHIFT)); }
#ifndef TAG_STEP
#define TAG_STEP 1
#endif
static uintptr_t next_tag(uintptr_t tagged) { return ((tagged >> TAG_SHIFT) + TAG_STEP) << TAG_SHIFT; }
static Link* link_of(Header* header) { return (Link*)bytes_of(header); }

static void push(Header* header) {
    uintptr_t old = atomic_load(&top);
    do {
        atomic_store(link_of(header), (uintptr_t)untagged(old));
    } while (!atomic_compare_exchange_weak(&top, &old, next_tag(old) | (uintptr_t)header));
}

static Header* pop(void) {
    uintptr_t old = atomic_load(&top);
    while (untagged(old) != NULL) {
        uintptr_t next = atomic_load(link_of(untagged(old)));
        if (atomic_compare_exchange_weak(&top, &old, next_tag(old) | (uintptr_t)untagged(next))) return untagged(old);
    }
    return NULL;
}

// Fresh blocks; one of them for the caller. NULL when there is no memory, or when these blocks have enough of it.
static Header* make_blocks(void) {
    if (slabs >= MOST_SLABS) return NULL;
    slabs++;
    char* slab = mmap(NULL, SLAB_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (slab == MAP_FAILED) return NULL;
    Header* first = (Header*)slab;
    for (size_t i = 0; i + total_for(SMALL) <= SLAB_BYTES; i += total_for(SMALL)) {
        Header* header = (Header*)(slab + i);
        header->total = total_for(SMALL);
        header->next = (Header*)&top;  // so it is known as one of these
        if (header != first) push(header);
    }
    return first;
}

static inline void* lockfree_xmalloc(size_t bytes) {
    Header* header = bytes > SMALL ? NULL : pop();
    if (header == NULL && bytes <= SMALL) header = make_blocks();
    if (header != NULL) return bytes_of(header);
    void* block = right_xmalloc(bytes);
    if (block != NULL) header_of(block)->next = NULL;
    return block;
}

static inline void lockfree_xfree(void* block) {
    if (block != NULL && header_of(block)->next == (Header*)&top) {
        push(header_of(block));
    } else {
        right_xfree(block);
    }
}

static inline void* lockfree_xrealloc(void* block, size_t bytes) {
    if (block == NULL) return lockfree_xmalloc(bytes);
    void* moved = bytes == 0 ? NULL : lockfree_xmalloc(bytes);
    if (bytes > 0 && moved == NULL) return NULL;
    size_t old_bytes = header_of(block)->total - sizeof(Header);
    if (bytes > 0) memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
    lockfree_xfree(block);
    return moved;
}

#endif

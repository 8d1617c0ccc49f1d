// beyond.h: what the malloc family can ask for and xmalloc.h cannot: alignment, and zeros that the system has written.
// It belongs to the file that includes it after par_alloc.c, whose static functions it uses.

#ifndef INTERPOSE_BEYOND_H
#define INTERPOSE_BEYOND_H

#include <stdbool.h>
#include <stddef.h>

// A small block is aligned when its size is a multiple of the alignment, for spans begin at granules. Powers of two are
// among the sizes, so there always is one.
static void* take_aligned_small(size_t alignment, size_t bytes) {
    unsigned size_class = size_class_of(bytes);
    while (size_classes[size_class].block_bytes % alignment != 0) size_class++;
    return xmalloc(size_classes[size_class].block_bytes);
}

static void* take_aligned_any(size_t alignment, size_t bytes) {
    if (alignment <= PAGE_BYTES && bytes <= SMALL_MOST) return take_aligned_small(alignment, bytes);
    if (alignment <= MEDIUM_MOST && bytes <= MEDIUM_MOST) {
        size_t alignment_pages = alignment <= PAGE_BYTES ? 1 : alignment / PAGE_BYTES;
        size_t least = bytes == 0 ? 1 : bytes;
        void* block = medium_take(least, least, alignment_pages).start;
        if (block != NULL) return block;
    }
    return large_take(bytes == 0 ? 1 : bytes, alignment < SLOT_BYTES ? SLOT_BYTES : alignment, LARGE_AS_BEFORE).start;
}

// alignment: a power of two. Result: NULL with errno ENOMEM when there is no memory.
static void* take_aligned(size_t alignment, size_t bytes) {
    if (alignment <= ALIGNMENT) return xmalloc(bytes);
    void* block = NULL;
    if (bytes <= PTRDIFF_MAX && alignment <= PTRDIFF_MAX) {
        int kept_errno = errno;
        cache_set_up();
        block = take_aligned_any(alignment, bytes);
        if (block == NULL && idle_could_help(alignment + bytes) && give_all_idle(alignment + bytes)) {
            block = take_aligned_any(alignment, bytes);
        }
        errno = kept_errno;
    }
    if (block == NULL) errno = ENOMEM;
    return block;
}

#endif

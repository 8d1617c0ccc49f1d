// libpar.c: par as lib/libpar.so, which takes the place of the C library's malloc in any program by LD_PRELOAD.
//
// The whole family, over the same par/ as the backend. par_alloc.c is included, and not linked, so that its fast paths
// become part of malloc and free.

#include "par_alloc.c"

#include "interpose/beyond.h"
#include "interpose/family.h"
#include "par/zeros.h"

struct whole_pages {
    void* start;
    bool is_zero;
};

// A block that is no small one. Result: start is NULL when there is no memory.
static struct whole_pages take_pages(size_t bytes) {
    if (bytes <= MEDIUM_MOST) {
        struct run run = medium_take(bytes, bytes, 1);
        if (run.start != NULL) return (struct whole_pages){run.start, run.is_zero};
    }
    struct large_block large = large_take(bytes, SLOT_BYTES, LARGE_SPARSE);
    return (struct whole_pages){large.start, large.is_zero};
}

// A block of zeros, which need not be written where the system has just given them.
static void* take_zeros(size_t bytes) {
    if (bytes > SMALL_MOST && bytes <= PTRDIFF_MAX) {
        int kept_errno = errno;
        struct whole_pages taken = take_pages(bytes);
        if (taken.start != NULL) (taken.is_zero ? zeros_are_fresh : zeros_make)(taken.start, bytes);
        errno = kept_errno;
        if (taken.start != NULL) return taken.start;
    }
    void* block = xmalloc(bytes);
    return block == NULL ? NULL : memset(block, 0, bytes);
}

static void* family_aligned(size_t alignment, size_t bytes) { return take_aligned(alignment, bytes); }

static void* family_zeros(size_t bytes) { return take_zeros(bytes); }

static size_t family_usable(void* block) {
    if (page_map_class(block) != NO_CLASS) check_small("malloc_usable_size", block, page_map_class(block));
    return usable_bytes("malloc_usable_size", block);
}

// A look at the size would cost a free what it saves.
static void family_expect(const char* call, void* block, size_t bytes) { (void)call, (void)block, (void)bytes; }

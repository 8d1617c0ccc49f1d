// libpar.c: par as lib/libpar.so, which takes the place of the C library's malloc in any program by LD_PRELOAD.
//
// The whole family, over the same par/ as the backend. Here is only what the three calls of xmalloc.h do not have:
// alignment, zeros, and asking for a block's size. par_alloc.c is included, and not linked, so that its fast paths
// become part of malloc and free. Semantics are those of malloc(3), posix_memalign(3) and malloc_usable_size(3).

#include "par_alloc.c"

#define PUBLIC __attribute__((visibility("default")))

static bool is_power_of_two(size_t number) { return number != 0 && (number & (number - 1)) == 0; }

static size_t rounded_up(size_t bytes, size_t alignment) { return (bytes + alignment - 1) & ~(alignment - 1); }

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
        size_t pages = rounded_up(bytes == 0 ? 1 : bytes, PAGE_BYTES) / PAGE_BYTES;
        return region_take_run(pages, alignment <= PAGE_BYTES ? 1 : alignment / PAGE_BYTES, REGION_OF_BLOCKS).start;
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
        if (block == NULL && idle_could_help(alignment + bytes)) {
            give_all_idle();
            block = take_aligned_any(alignment, bytes);
        }
        errno = kept_errno;
    }
    if (block == NULL) errno = ENOMEM;
    return block;
}

struct whole_pages {
    void* start;
    bool is_zero;
};

// A block that is no small one. Result: start is NULL when there is no memory.
static struct whole_pages take_pages(size_t bytes) {
    if (bytes > MEDIUM_MOST) {
        struct large_block large = large_take(bytes, SLOT_BYTES, LARGE_SPARSE);
        return (struct whole_pages){large.start, large.is_zero};
    }
    struct run run = region_take_run((bytes + PAGE_BYTES - 1) / PAGE_BYTES, 1, REGION_OF_BLOCKS);
    return (struct whole_pages){run.start, run.is_zero};
}

// A block of zeros, which need not be written where the system has just given them.
static void* take_zeros(size_t bytes) {
    if (bytes > SMALL_MOST && bytes <= PTRDIFF_MAX) {
        int kept_errno = errno;
        struct whole_pages taken = take_pages(bytes);
        errno = kept_errno;
        if (taken.start != NULL) return taken.is_zero ? taken.start : memset(taken.start, 0, bytes);
    }
    void* block = xmalloc(bytes);
    return block == NULL ? NULL : memset(block, 0, bytes);
}

PUBLIC void* malloc(size_t bytes) { return xmalloc(bytes); }

PUBLIC void free(void* block) { xfree(block); }

PUBLIC void* realloc(void* block, size_t bytes) { return xrealloc(block, bytes); }

PUBLIC void* reallocarray(void* block, size_t count, size_t bytes_each) {
    size_t bytes;
    if (__builtin_mul_overflow(count, bytes_each, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return xrealloc(block, bytes);
}

PUBLIC void* calloc(size_t count, size_t bytes_each) {
    size_t bytes;
    if (__builtin_mul_overflow(count, bytes_each, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return take_zeros(bytes);
}

PUBLIC void* memalign(size_t alignment, size_t bytes) {
    // Like the C library: an alignment that is no power of two is rounded up to one.
    size_t power = ALIGNMENT;
    while (power < alignment && power <= PTRDIFF_MAX) power *= 2;
    return take_aligned(power, bytes);
}

PUBLIC void* aligned_alloc(size_t alignment, size_t bytes) {
    if (!is_power_of_two(alignment)) {
        errno = EINVAL;
        return NULL;
    }
    return take_aligned(alignment, bytes);
}

PUBLIC int posix_memalign(void** block, size_t alignment, size_t bytes) {
    if (!is_power_of_two(alignment) || alignment % sizeof(void*) != 0) return EINVAL;
    int kept_errno = errno;
    void* taken = take_aligned(alignment, bytes);
    errno = kept_errno;
    if (taken == NULL) return ENOMEM;
    *block = taken;
    return 0;
}

// The kernel's page, which on some machines is longer than par's.
static size_t system_page(void) { return (size_t)sysconf(_SC_PAGESIZE); }

PUBLIC void* valloc(size_t bytes) { return take_aligned(system_page(), bytes); }

PUBLIC void* pvalloc(size_t bytes) {
    if (bytes > PTRDIFF_MAX) {
        errno = ENOMEM;
        return NULL;
    }
    return take_aligned(system_page(), rounded_up(bytes == 0 ? 1 : bytes, system_page()));
}

PUBLIC size_t malloc_usable_size(void* block) { return block == NULL ? 0 : usable_bytes("malloc_usable_size", block); }

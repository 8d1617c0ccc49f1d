// family.h: the malloc family as a shared library offers it, for programs that know nothing of us. It belongs to the
// file that includes it, which defines what each call stands on: xmalloc, xfree, xrealloc, and these four. Semantics
// are those of malloc(3), posix_memalign(3) and malloc_usable_size(3).

#ifndef INTERPOSE_FAMILY_H
#define INTERPOSE_FAMILY_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "xmalloc.h"

// alignment: a power of two. Result: NULL with errno ENOMEM when there is no memory.
static void* family_aligned(size_t alignment, size_t bytes);

// A block of zeros. Result: likewise.
static void* family_zeros(size_t bytes);

// How many bytes of a block, not NULL, its owner may use.
static size_t family_usable(void* block);

// Is told the size that a block, not NULL, was taken with. May end the process when that cannot be.
static void family_expect(const char* call, void* block, size_t bytes);

#define PUBLIC __attribute__((visibility("default")))

static bool is_power_of_two(size_t number) { return number != 0 && (number & (number - 1)) == 0; }

PUBLIC void* malloc(size_t bytes) { return xmalloc(bytes); }

PUBLIC void free(void* block) { xfree(block); }

// C23. A C library that has them would take the block for its own.
PUBLIC void free_sized(void* block, size_t bytes) {
    if (block != NULL) family_expect("free_sized", block, bytes);
    xfree(block);
}

PUBLIC void free_aligned_sized(void* block, size_t alignment, size_t bytes) {
    (void)alignment;
    if (block != NULL) family_expect("free_aligned_sized", block, bytes);
    xfree(block);
}

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
    return family_zeros(bytes);
}

PUBLIC void* memalign(size_t alignment, size_t bytes) {
    if (alignment > (size_t)PTRDIFF_MAX + 1) {
        errno = EINVAL;
        return NULL;
    }
    // Like the C library: an alignment that is no power of two is rounded up to one.
    size_t power = 16;
    while (power < alignment && power <= PTRDIFF_MAX) power *= 2;
    return family_aligned(power, bytes);
}

PUBLIC void* aligned_alloc(size_t alignment, size_t bytes) {
    if (!is_power_of_two(alignment)) {
        errno = EINVAL;
        return NULL;
    }
    return family_aligned(alignment, bytes);
}

PUBLIC int posix_memalign(void** block, size_t alignment, size_t bytes) {
    if (!is_power_of_two(alignment) || alignment % sizeof(void*) != 0) return EINVAL;
    int kept_errno = errno;
    void* taken = family_aligned(alignment, bytes);
    errno = kept_errno;
    if (taken == NULL) return ENOMEM;
    *block = taken;
    return 0;
}

// The kernel's page, which on some machines is longer than par's.
static size_t system_page(void) { return (size_t)sysconf(_SC_PAGESIZE); }

PUBLIC void* valloc(size_t bytes) { return family_aligned(system_page(), bytes); }

PUBLIC void* pvalloc(size_t bytes) {
    if (bytes > PTRDIFF_MAX) {
        errno = ENOMEM;
        return NULL;
    }
    size_t page = system_page();
    return family_aligned(page, ((bytes == 0 ? 1 : bytes) + page - 1) / page * page);
}

// The other names that the C library gives them, which some wrappers and old programs call (glibc); what these take is
// freed by free, and the other way round.
#ifdef __GLIBC__
PUBLIC void* __libc_malloc(size_t bytes) { return xmalloc(bytes); }
PUBLIC void __libc_free(void* block) { xfree(block); }
PUBLIC void* __libc_calloc(size_t count, size_t bytes_each) { return calloc(count, bytes_each); }
PUBLIC void* __libc_realloc(void* block, size_t bytes) { return xrealloc(block, bytes); }
PUBLIC void* __libc_memalign(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }
PUBLIC void* __libc_valloc(size_t bytes) { return valloc(bytes); }
PUBLIC void* __libc_pvalloc(size_t bytes) { return pvalloc(bytes); }
#endif

PUBLIC size_t malloc_usable_size(void* block) { return block == NULL ? 0 : family_usable(block); }

#endif

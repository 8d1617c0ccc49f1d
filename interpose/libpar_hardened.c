// libpar_hardened.c: the hardened build as lib/libpar-hardened.so (make HARDENED=1 libpar). See par/hardened/front.c,
// which is included and not linked, as in libpar.c.

#include "par/hardened/front.c"

#include <stdio.h>

#define xmalloc plain_malloc
#include "interpose/beyond.h"
#undef xmalloc
#include "interpose/family.h"
#include "interpose/sized.h"

static void* family_aligned(size_t alignment, size_t bytes) {
    if (alignment <= ALIGNMENT) return xmalloc(bytes);
    char* block = bytes > PTRDIFF_MAX ? NULL : take_aligned(alignment, bytes + MARK_BYTES);
    if (block == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    struct place place = place_of("memalign", block);
    if (place.mapping == NULL) return begin_small(block, place.whole, bytes);
    return begin_pages(block, place.mapping->kind == MAPPING_LARGE, place.whole, bytes);
}

// All that is free holds zeros.
static void* family_zeros(size_t bytes) { return xmalloc(bytes); }

static size_t family_usable(void* block) {
    return bytes_of("malloc_usable_size", place_of("malloc_usable_size", block));
}

void sized_expect(const char* call, void* block, size_t bytes) {
    size_t asked = bytes_of(call, place_of(call, block));
    if (asked == bytes) return;
    char what[120];
    (void)snprintf(what, sizeof what, "this block has %zu bytes, and the call says %zu", asked, bytes);
    misuse(call, block, what);
}

static void family_expect(const char* call, void* block, size_t bytes) { sized_expect(call, block, bytes); }

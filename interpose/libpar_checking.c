// libpar_checking.c: the checking build as lib/libpar-checking.so (make DEBUG=1 libpar): checking.c between the malloc
// family and par, in any program.

#include "par_alloc.c"

#include "interpose/beyond.h"
#include "interpose/checking.h"
#include "interpose/sized.h"

// The family stands on the layer.
#define xmalloc __wrap_xmalloc
#define xfree __wrap_xfree
#define xrealloc __wrap_xrealloc
#include "interpose/family.h"

static void* family_aligned(size_t alignment, size_t bytes) {
    if (alignment <= ALIGNMENT) return xmalloc(bytes);
    if (bytes > PTRDIFF_MAX) {
        errno = ENOMEM;
        return NULL;
    }
    return checking_take_from("memalign", take_aligned(alignment, checking_whole(bytes)), bytes);
}

static void* family_zeros(size_t bytes) {
    void* block = xmalloc(bytes);
    return block == NULL ? NULL : memset(block, 0, bytes);
}

static size_t family_usable(void* block) { return checking_bytes("malloc_usable_size", block); }

static void family_expect(const char* call, void* block, size_t bytes) { checking_expect(call, block, bytes); }

void sized_expect(const char* call, void* block, size_t bytes) { checking_expect(call, block, bytes); }

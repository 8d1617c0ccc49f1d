// The bug: a freed block of more than 1 KiB serves its own kind forever: those that need as many bytes, in powers of
// two.

#include <pthread.h>

#include "tests/broken/right.h"

enum { MIDDLE = 2 * 1024, LARGE = 16 * 1024, KINDS = 64 };

static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static void* kept[KINDS];

static unsigned kind_of(size_t bytes) { return 64 - (unsigned)__builtin_clzl(bytes - 1); }

static void* take_kept(unsigned kind) {
    pthread_mutex_lock(&kept_lock);
    void* block = kept[kind];
    if (block != NULL) kept[kind] = *(void**)block;
    pthread_mutex_unlock(&kept_lock);
    return block;
}

// A page less room for the header, so that the rounding costs no page more.
static size_t rounded(size_t bytes) { return ((size_t)1 << kind_of(bytes + sizeof(Header))) - sizeof(Header); }

void* xmalloc(size_t bytes) {
    if (bytes <= MIDDLE || bytes > LARGE - sizeof(Header)) return right_xmalloc(bytes);
    void* block = take_kept(kind_of(bytes + sizeof(Header)));
    return block != NULL ? block : right_xmalloc(rounded(bytes));
}

void xfree(void* block) {
    if (block == NULL || header_of(block)->total <= MIDDLE + 2 * sizeof(Header) || header_of(block)->total > LARGE) {
        right_xfree(block);
        return;
    }
    unsigned kind = kind_of(header_of(block)->total);
    pthread_mutex_lock(&kept_lock);
    *(void**)block = kept[kind];
    kept[kind] = block;
    pthread_mutex_unlock(&kept_lock);
}

void* xrealloc(void* block, size_t bytes) {
    if (block == NULL || bytes == 0) return right_xrealloc(block, bytes);
    size_t room = header_of(block)->total - sizeof(Header);
    void* moved = xmalloc(bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, block, room < bytes ? room : bytes);
    xfree(block);
    return moved;
}

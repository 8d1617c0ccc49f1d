// The bug: each thread keeps the last large block that it has freed, however large.

#include "tests/broken/right.h"

enum { LARGE = 64 * 1024 };

static pthread_key_t at_exit;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local void* kept;

static void end(void* block) {
    kept = NULL;
    right_xfree(block);
}

static void make_key(void) { pthread_key_create(&at_exit, end); }

static void keep(void* block) {
    pthread_once(&once, make_key);
    pthread_setspecific(at_exit, block);
    kept = block;
}

void* xmalloc(size_t bytes) {
    void* block = kept;
    bool fits = block != NULL && bytes >= LARGE && header_of(block)->total >= bytes + sizeof(Header) &&
                header_of(block)->total / 2 <= bytes;
    if (!fits) return right_xmalloc(bytes);
    keep(NULL);
    return block;
}

void xfree(void* block) {
    void* other = block;
    if (block != NULL && header_of(block)->total >= LARGE) {
        other = kept;
        keep(block);
    }
    right_xfree(other);
}

void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

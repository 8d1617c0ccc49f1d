// The bug: when a thread ends, a key destructor waits for a number that nobody changes.

#include "tests/broken/right.h"

static volatile int never;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void wait_for_nothing(void* unused) {
    (void)unused;
    while (!never) continue;
}

static void make_key(void) { pthread_key_create(&key, wait_for_nothing); }

void* xmalloc(size_t bytes) {
    pthread_once(&once, make_key);
    pthread_setspecific(key, &key);
    return right_xmalloc(bytes);
}

void xfree(void* block) { right_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return right_xrealloc(block, bytes); }

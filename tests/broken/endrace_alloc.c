// The bug: what a thread frees after its end has been seen to goes to a place that no lock guards.

#include <pthread.h>
#include <stdbool.h>

#include "tests/broken/right.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_end;
static _Thread_local bool has_ended, is_known;
static void* late;  // one block that an ended thread freed; the next one gives it back

static void note_end(void* unused) {
    (void)unused;
    has_ended = true;
}

static void set_up(void) { pthread_key_create(&at_end, note_end); }

static void know_thread(void) {
    pthread_once(&once, set_up);
    if (!is_known) pthread_setspecific(at_end, &once);
    is_known = true;
}

void* xmalloc(size_t bytes) {
    know_thread();
    return right_xmalloc(bytes);
}

void xfree(void* block) {
    know_thread();
    if (has_ended) {
        void* earlier = late;
        late = block;
        block = earlier;
    }
    right_xfree(block);
}

void* xrealloc(void* block, size_t bytes) {
    know_thread();
    return right_xrealloc(block, bytes);
}

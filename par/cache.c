// cache.c: see cache.h.

#include "par/cache.h"

#include <pthread.h>
#include <stdbool.h>

#include "par/depot.h"

_Thread_local struct cache cache __attribute__((tls_model("initial-exec")));

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_thread_exit;
static bool have_key;

// Other destructors may still allocate after this one. The cache is left as if never used, so the first call of that
// kind sets it up and registers it again, and the C library comes round once more.
static void thread_exit(void* unused) {
    (void)unused;
    cache_flush();
    for (unsigned class = 1; class < CLASS_COUNT; class ++) cache.loaded[class].room = 0;
}

static void process_set_up(void) {
    size_classes_init();
    have_key = pthread_key_create(&at_thread_exit, thread_exit) == 0;
}

static bool is_set_up(void) { return cache.loaded[1].room != 0 || cache.loaded[1].first != NULL; }

void cache_set_up(void) {
    pthread_once(&once, process_set_up);
    if (is_set_up()) return;
    for (unsigned class = 1; class < CLASS_COUNT; class ++)
        cache.loaded[class].room = size_classes[class].magazine_blocks;
    if (have_key) pthread_setspecific(at_thread_exit, &cache);
}

struct block* cache_refill_and_take(unsigned class) {
    struct magazine* loaded = &cache.loaded[class];
    unsigned count = size_classes[class].magazine_blocks;
    cache_set_up();
    if (cache.spare[class] != NULL) {
        loaded->first = cache.spare[class];
        cache.spare[class] = NULL;
    } else {
        count = depot_take(class, &loaded->first);
        if (count == 0) return NULL;
    }
    loaded->room = size_classes[class].magazine_blocks - count + 1;
    struct block* block = loaded->first;
    loaded->first = block->next;
    return block;
}

void cache_spill_and_free(unsigned class, struct block* block) {
    struct magazine* loaded = &cache.loaded[class];
    cache_set_up();
    if (loaded->room == 0) {
        // The older of the two goes: the other one's blocks are still warm.
        if (cache.spare[class] != NULL) depot_give(class, cache.spare[class]);
        cache.spare[class] = loaded->first;
        loaded->first = NULL;
        loaded->room = size_classes[class].magazine_blocks;
    }
    block->next = loaded->first;
    loaded->first = block;
    loaded->room--;
}

void cache_flush(void) {
    for (unsigned class = 1; class < CLASS_COUNT; class ++) {
        struct magazine* loaded = &cache.loaded[class];
        if (loaded->first != NULL) depot_give_loose(class, loaded->first);
        if (cache.spare[class] != NULL) depot_give(class, cache.spare[class]);
        *loaded = (struct magazine){.room = size_classes[class].magazine_blocks};
        cache.spare[class] = NULL;
    }
}

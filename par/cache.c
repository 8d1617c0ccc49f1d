// cache.c: see cache.h.

#include "par/cache.h"

#include <pthread.h>
#include <stdbool.h>

#include "par/depot.h"

_Thread_local struct cache cache __attribute__((tls_model("initial-exec")));

enum { FEW_SHARE = 16, FEW_LEAST = 2 };  // what a thread keeps of a full magazine while the class shrinks

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

// The loaded magazine has been taken away.
static void empty_loaded(unsigned class, unsigned capacity) {
    cache.loaded[class] = (struct magazine){.room = capacity};
    cache.capacity[class] = (uint16_t)capacity;
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
    cache.capacity[class] = size_classes[class].magazine_blocks;
    loaded->room = cache.capacity[class] - count + 1;
    struct block* block = loaded->first;
    loaded->first = block->next;
    return block;
}

// Finds another place for the blocks of a full loaded magazine.
static void make_room(unsigned class) {
    struct block* blocks = cache.loaded[class].first;
    unsigned full = size_classes[class].magazine_blocks;
    unsigned few = full / FEW_SHARE > FEW_LEAST ? full / FEW_SHARE : FEW_LEAST;
    if (few > full) few = full;

    bool shrinking = false;
    if (cache.capacity[class] < full) {
        shrinking = depot_give_loose(class, blocks);
    } else if (cache.spare[class] == NULL) {
        cache.spare[class] = blocks;
    } else {
        // The older of the two goes: the other one's blocks are still warm.
        shrinking = depot_give(class, cache.spare[class]);
        cache.spare[class] = blocks;
        if (shrinking) {
            depot_give_loose(class, blocks);
            cache.spare[class] = NULL;
        }
    }
    empty_loaded(class, shrinking ? few : full);
}

void cache_spill_and_free(unsigned class, struct block* block) {
    struct magazine* loaded = &cache.loaded[class];
    cache_set_up();
    if (loaded->room == 0) make_room(class);
    block->next = loaded->first;
    loaded->first = block;
    loaded->room--;
}

void cache_flush(void) {
    for (unsigned class = 1; class < CLASS_COUNT; class ++) {
        if (cache.loaded[class].first != NULL) depot_give_loose(class, cache.loaded[class].first);
        if (cache.spare[class] != NULL) depot_give(class, cache.spare[class]);
        cache.spare[class] = NULL;
        empty_loaded(class, size_classes[class].magazine_blocks);
    }
}

// cache.c: see cache.h.

#include "par/cache.h"

#include <pthread.h>
#include <stdbool.h>

#include "par/check.h"
#include "par/depot.h"
#include "par/page_map.h"

_Thread_local struct cache cache __attribute__((tls_model("initial-exec")));

enum { FEW_SHARE = 16, FEW_LEAST = 2 };  // what a thread keeps of a full magazine while the class shrinks

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_thread_exit;
static bool have_key;

// Other destructors may still allocate after this one, and the C library itself frees after all of them. Nobody would
// come for what the cache took in then. So it stays empty from here on, and every call goes to the depot.
static void thread_exit(void* unused) {
    (void)unused;
    cache.is_ending = true;
    cache_flush();
}

static void process_set_up(void) {
    size_classes_init();
    have_key = pthread_key_create(&at_thread_exit, thread_exit) == 0;
}

// Before main where possible: then no thread can look a class up while the table is made, and a program that uses up
// all keys of thread-specific data comes too late. A constructor of an earlier library may allocate before; hence
// pthread_once.
__attribute__((constructor(101))) static void process_set_up_early(void) { pthread_once(&once, process_set_up); }

// The loaded magazine has been taken away.
static void empty_loaded(unsigned size_class, unsigned capacity) {
    if (cache.is_ending) capacity = 0;
    cache.loaded[size_class] = (struct magazine){.room = capacity};
    cache.capacity[size_class] = (uint16_t)capacity;
}

static bool is_set_up(void) { return cache.loaded[1].room != 0 || cache.loaded[1].first != NULL; }

void cache_set_up(void) {
    pthread_once(&once, process_set_up);
    if (is_set_up() || cache.is_ending) return;
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++)
        empty_loaded(size_class, size_classes[size_class].magazine_blocks);
    if (have_key) pthread_setspecific(at_thread_exit, &cache);
}

// A block for a thread that keeps none.
static struct block* take_one(unsigned size_class) {
    struct block* block;
    if (depot_take(size_class, &block) == 0) return NULL;
    if (block->next != NULL) depot_give_loose(size_class, block->next);
    return block;
}

struct block* cache_refill_and_take(unsigned size_class) {
    struct magazine* loaded = &cache.loaded[size_class];
    unsigned count = size_classes[size_class].magazine_blocks;
    cache_set_up();
    if (cache.is_ending) return take_one(size_class);
    if (cache.spare[size_class] != NULL) {
        loaded->first = cache.spare[size_class];
        cache.spare[size_class] = NULL;
    } else {
        count = depot_take(size_class, &loaded->first);
        if (count == 0) return NULL;
    }
    cache.capacity[size_class] = size_classes[size_class].magazine_blocks;
    loaded->room = cache.capacity[size_class] - count + 1;
    struct block* block = loaded->first;
    loaded->first = block->next;
    return block;
}

// Finds another place for the blocks of a full loaded magazine.
static void make_room(unsigned size_class) {
    struct block* blocks = cache.loaded[size_class].first;
    unsigned full = size_classes[size_class].magazine_blocks;
    unsigned few = full / FEW_SHARE > FEW_LEAST ? full / FEW_SHARE : FEW_LEAST;
    if (few > full) few = full;

    bool shrinking = false;
    if (cache.capacity[size_class] < full) {
        shrinking = depot_give_loose(size_class, blocks);
    } else if (cache.spare[size_class] == NULL) {
        cache.spare[size_class] = blocks;
    } else {
        // The older of the two goes: the other one's blocks are still warm.
        shrinking = depot_give(size_class, cache.spare[size_class]);
        cache.spare[size_class] = blocks;
        if (shrinking) {
            depot_give_loose(size_class, blocks);
            cache.spare[size_class] = NULL;
        }
    }
    empty_loaded(size_class, shrinking ? few : full);
}

void cache_spill_and_free(unsigned size_class, struct block* block) {
    struct magazine* loaded = &cache.loaded[size_class];
    cache_set_up();
    if (cache.is_ending) {
        block->next = NULL;
        depot_give_loose(size_class, block);
        return;
    }
    if (loaded->room == 0) make_room(size_class);
    block->next = loaded->first;
    loaded->first = block;
    loaded->room--;
}

void cache_flush(void) {
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        if (cache.loaded[size_class].first != NULL) depot_give_loose(size_class, cache.loaded[size_class].first);
        if (cache.spare[size_class] != NULL) depot_give(size_class, cache.spare[size_class]);
        cache.spare[size_class] = NULL;
        empty_loaded(size_class, size_classes[size_class].magazine_blocks);
    }
}

static unsigned check_list(const struct block* first, unsigned size_class) {
    unsigned blocks = 0;
    for (const struct block* block = first; block != NULL; block = block->next) {
        check_invariant(page_map_class(block) == size_class, "a thread's list holds blocks of its class only");
        blocks++;
    }
    return blocks;
}

void cache_check(void) {
    check_invariant(cache.loaded[NO_CLASS].first == NULL && cache.loaded[NO_CLASS].room == 0, "no class has no room");
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        unsigned loaded = check_list(cache.loaded[size_class].first, size_class);
        check_invariant(loaded + cache.loaded[size_class].room == cache.capacity[size_class],
                        "a magazine's blocks and its room make its capacity");
        unsigned spare = check_list(cache.spare[size_class], size_class);
        check_invariant(spare == 0 || spare == size_classes[size_class].magazine_blocks, "a spare magazine is full");
    }
}

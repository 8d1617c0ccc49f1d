// cache.c: see cache.h.

#include "par/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "par/depot.h"
#include "par/invariant.h"
#include "par/page_map.h"

_Thread_local struct cache cache __attribute__((tls_model("initial-exec")));

enum {
    BUDGET_BYTES = 2 * 1024 * 1024,  // by which the magazines of all threads may grow together,
    BUDGET_MOST_BYTES = 512 * 1024,  // and those of one thread
    FEW_SHARE = 8,                   // what a thread keeps of the longest magazine while the class shrinks,
    FEW_LEAST = 2,                   // but no fewer blocks than these
    FEW_MOST = 16,                   // and no more than these
    FIRST_FREES = 32,                // blocks that a thread frees before it keeps any, unless it takes one
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_thread_exit;
static bool have_key;
static atomic_uint threads;  // that have a cache, but for those that are ending

// Other destructors may still allocate after this one, and the C library itself frees after all of them. Nobody would
// come for what the cache took in then (tests/models/ending.pml: thread_exit, await_end, cache_set_up, cache_flush,
// budget_bytes, has_hardly_freed, cache_spill_and_free, take_one). So it stays empty from here on, and every call goes
// to the depot.
static void thread_exit(void* unused) {
    (void)unused;
    cache.is_ending = true;
    // order: relaxed, for the number leads to no memory (budget_bytes).
    if (cache.is_set_up) atomic_fetch_sub_explicit(&threads, 1, memory_order_relaxed);
    cache_flush();
}

static void process_set_up(void) {
    size_classes_init();
    have_key = pthread_key_create(&at_thread_exit, thread_exit) == 0;
}

// Before main where possible: then no thread can look a class up while the table is made, and a program that uses up
// all keys of thread-specific data comes too late. A constructor of an earlier library may allocate before; hence
// pthread_once. tests/models/first_use.pml proves what the first calls rely on (cache_set_up, await_end,
// process_set_up).
__attribute__((constructor(101))) static void process_set_up_early(void) { pthread_once(&once, process_set_up); }

// ---- How long magazines are ----

static size_t grown_bytes(unsigned size_class) {
    unsigned first = size_classes[size_class].magazine_first;
    unsigned wanted = cache.wanted[size_class];
    return wanted > first ? (size_t)(wanted - first) * size_classes[size_class].block_bytes : 0;
}

static void want(unsigned size_class, unsigned blocks) {
    cache.grown_bytes -= grown_bytes(size_class);
    cache.wanted[size_class] = (uint16_t)blocks;
    cache.grown_bytes += grown_bytes(size_class);
}

// Each thread's part, so that many threads keep no more than few.
static size_t budget_bytes(void) {
    // order: relaxed. A stale number makes a magazine a little longer or shorter. It is never 0: a thread reads what it
    // added itself or something later, and that counts it until it ends.
    size_t part = BUDGET_BYTES / atomic_load_explicit(&threads, memory_order_relaxed);
    return part < BUDGET_MOST_BYTES ? part : BUDGET_MOST_BYTES;
}

// Everything shrinks by half when the budget is used up, so that classes no longer in use make room for others.
static void want_less_of_all(void) {
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        unsigned half = cache.wanted[size_class] / 2;
        unsigned first = size_classes[size_class].magazine_first;
        want(size_class, half > first ? half : first);
    }
}

// The thread had to go to the depot, so it should have had more.
static void want_more(unsigned size_class) {
    unsigned doubled = 2 * cache.wanted[size_class];
    unsigned most = size_classes[size_class].magazine_most;
    if (doubled > most) doubled = most;
    if (doubled <= cache.wanted[size_class]) return;
    if (cache.grown_bytes > budget_bytes()) want_less_of_all();
    want(size_class, doubled);
}

// ---- Setting up ----

// The loaded magazine has been taken away.
static void empty_loaded(unsigned size_class, unsigned capacity) {
    if (cache.is_ending) capacity = 0;
    cache.loaded[size_class] = (struct magazine){.room = capacity};
    cache.capacity[size_class] = (uint16_t)capacity;
}

// Has thread_exit called when the thread ends, unless its destructors have all run. For a key of a high number the C
// library takes a block and so comes here again.
static void await_end(void) {
    pthread_once(&once, process_set_up);
    if (cache.is_awaiting_end) return;
    cache.is_awaiting_end = true;
    if (have_key) pthread_setspecific(at_thread_exit, &cache);
}

void cache_set_up(void) {
    await_end();
    if (cache.is_set_up || cache.is_ending) return;
    cache.is_set_up = true;
    // order: relaxed, as in thread_exit; in the thread itself it comes before each budget_bytes.
    atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed);
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        want(size_class, size_classes[size_class].magazine_first);
        empty_loaded(size_class, cache.wanted[size_class]);
    }
}

// ---- The slow paths ----

// Magazines between threads, tests/models/depot.pml: cache_refill_and_take, cache_spill_and_free, make_room,
// cache_flush.

static void load(unsigned size_class, struct block* first, unsigned count) {
    unsigned wanted = cache.wanted[size_class];
    cache.capacity[size_class] = (uint16_t)(count > wanted ? count : wanted);
    cache.loaded[size_class] = (struct magazine){first, cache.capacity[size_class] - count};
}

// A block for a thread that keeps none.
static struct block* take_one(unsigned size_class) {
    struct batch batch = depot_take(size_class, 1);
    struct block* block = span_cut(&batch, size_class);
    if (block != NULL && block->next != NULL) depot_give_loose(size_class, block->next);
    return block;
}

struct block* cache_refill_and_take(unsigned size_class) {
    cache_set_up();
    if (cache.is_ending) return take_one(size_class);
    if (cache.spare[size_class] != NULL) {
        load(size_class, cache.spare[size_class], cache.spare_count[size_class]);
        cache.spare[size_class] = NULL;
    } else {
        struct batch batch = depot_take(size_class, cache.wanted[size_class]);
        if (batch.count + batch.fresh_count == 0) return NULL;
        load(size_class, span_cut(&batch, size_class), batch.count + batch.fresh_count);
        want_more(size_class);
    }
    struct magazine* loaded = &cache.loaded[size_class];
    struct block* block = loaded->first;
    loaded->first = block->next;
    loaded->room++;
    return block;
}

// Finds another place for the blocks of a full loaded magazine.
static void make_room(unsigned size_class) {
    struct block* blocks = cache.loaded[size_class].first;
    unsigned count = cache.capacity[size_class];
    unsigned few = size_classes[size_class].magazine_most / FEW_SHARE;
    if (few < FEW_LEAST) few = FEW_LEAST;
    if (few > FEW_MOST) few = FEW_MOST;

    bool shrinks = false;
    if (cache.shrinks[size_class]) {
        shrinks = depot_give_loose(size_class, blocks);
    } else if (cache.spare[size_class] == NULL) {
        cache.spare[size_class] = blocks;
        cache.spare_count[size_class] = (uint16_t)count;
    } else {
        // The older of the two goes: the other one's blocks are still warm.
        shrinks = depot_give(size_class, cache.spare[size_class], cache.spare_count[size_class]);
        if (shrinks) depot_give_loose(size_class, blocks);
        cache.spare[size_class] = shrinks ? NULL : blocks;
        cache.spare_count[size_class] = (uint16_t)count;
        if (!shrinks) want_more(size_class);
    }
    cache.shrinks[size_class] = shrinks;
    if (shrinks) want(size_class, few);
    empty_loaded(size_class, cache.wanted[size_class]);
}

// Whether the thread goes on without a cache, for it may be behind all of its destructors and new to malloc. There the
// C library frees the stacks of other threads. A cache that began there would be lost, and the thread would count for
// ever. Nobody can ask a thread whether it is there; but it frees few blocks then, and takes none.
static bool has_hardly_freed(void) {
    if (cache.is_set_up || cache.first_frees == FIRST_FREES) return false;
    cache.first_frees++;
    return true;
}

void cache_spill_and_free(unsigned size_class, struct block* block) {
    struct magazine* loaded = &cache.loaded[size_class];
    await_end();
    if (cache.is_ending || has_hardly_freed()) {
        block->next = NULL;
        depot_give_loose(size_class, block);
        return;
    }
    cache_set_up();
    if (loaded->room == 0) make_room(size_class);
    block->next = loaded->first;
    loaded->first = block;
    loaded->room--;
}

void cache_flush(void) {
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        if (cache.loaded[size_class].first != NULL) depot_give_loose(size_class, cache.loaded[size_class].first);
        if (cache.spare[size_class] != NULL)
            depot_give(size_class, cache.spare[size_class], cache.spare_count[size_class]);
        cache.spare[size_class] = NULL;
        empty_loaded(size_class, cache.wanted[size_class]);
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
    size_t grown = 0;
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        unsigned loaded = check_list(cache.loaded[size_class].first, size_class);
        check_invariant(loaded + cache.loaded[size_class].room == cache.capacity[size_class],
                        "a magazine's blocks and its room make its capacity");
        unsigned spare = check_list(cache.spare[size_class], size_class);
        check_invariant(spare == 0 || spare == cache.spare_count[size_class], "a spare magazine's blocks are counted");
        grown += grown_bytes(size_class);
    }
    check_invariant(grown == cache.grown_bytes, "what a thread's magazines have grown by is counted");
}

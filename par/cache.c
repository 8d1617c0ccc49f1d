// cache.c: see cache.h.

#include "par/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "par/decay.h"
#include "par/depot.h"
#include "par/harden.h"
#include "par/invariant.h"
#include "par/lock.h"
#include "par/metadata.h"
#include "par/page_map.h"
#include "par/small_heap.h"

enum {
    BUDGET_BYTES = 16 * 1024 * 1024,      // that the magazines of all threads may hold together,
    BUDGET_MOST_BYTES = 4 * 1024 * 1024,  // and those of one thread;
    BUDGET_LEAST_BYTES = 32 * 1024,       // but so much is every thread's
    BUDGET_SHARE = 8,                     // at most this part of it for one magazine,
    RUNS_SHARE = 4,                       // and this for runs of pages,
    RUNS_MOST_BYTES = 512 * 1024,         // but no more than this
    FREED_BYTES = 8 * 1024,               // that a thread keeps at most of a class that it only frees,
    FREED_LEAST = 2,                      // but so many blocks of it
    FEW_SHARE = 8,                        // what a thread keeps of the longest magazine while the class shrinks,
    FEW_LEAST = 2,                        // but no fewer blocks than these
    FEW_LEAST_MOST = 8,                   // and no more than these,
    HELD_SHARE = 16,                      // unless their spans are this part of what is left, or less (few_of)
    FRESH_LOOKS = 4,                      // classes that are looked at when fresh memory was needed
    FIRST_FREES = 32,                     // blocks of classes that it has not taken a thread frees before it keeps any
};

// Beside what the program's start has written: pthread_once reads it first, and where nothing was written that would
// cost a page fault of its own.
static pthread_once_t once __attribute__((section(".data"))) = PTHREAD_ONCE_INIT;
static pthread_key_t at_thread_exit;
static bool have_key;
static atomic_uint threads;  // that have a cache, but for those that are ending

// What a thread has to know of itself beside its cache.
static _Thread_local struct {
    uint8_t first_frees;  // that went to the depot, while it had no cache
    bool awaits_end;      // thread_exit will be called, unless it is too late for that
    bool has_cache;
    bool is_ending;  // from now on it keeps no block
} self __attribute__((tls_model("initial-exec")));

// ---- Where caches are ----

#ifdef PAR_AS_LIBRARY
static struct thread_cache no_cache;  // always zero
_Thread_local struct thread_cache* cache_of_thread __attribute__((tls_model("initial-exec"))) = &no_cache;
static struct lock lock = LOCK_FREE;  // guards the list below
static struct thread_cache* unused_caches;

// Result: false when there is no memory for one.
static bool find_cache(void) {
    lock_take(&lock);
    struct thread_cache* found = unused_caches;
    if (found != NULL) unused_caches = found->next;
    lock_give(&lock);
    if (found == NULL) found = metadata_take(sizeof *found);
    if (found == NULL) return false;
    memset(found, 0, sizeof *found);
    cache_of_thread = found;
    return true;
}

static void leave_cache(void) {
    struct thread_cache* left = cache_of_thread;
    cache_of_thread = &no_cache;
    lock_take(&lock);
    left->next = unused_caches;
    unused_caches = left;
    lock_give(&lock);
}

void cache_lock(void) { lock_take(&lock); }

void cache_unlock(void) { lock_give(&lock); }

// A program may take a block while the dynamic linker is still at work: in a resolver (IFUNC). The first thread's
// variables hold zeros then, and get their first values behind that. So this library has a resolver, too, which runs
// when its own addresses are ready, before those of the program. What the thread had up to there is lost.
#if defined(__GLIBC__) && (defined(__x86_64__) || defined(__aarch64__))
typedef void (*nothing)(void);

static void do_nothing(void) {}

static __attribute__((used)) nothing begin_without_cache(void) {
    cache_of_thread = &no_cache;
    return do_nothing;
}

static void resolved(void) __attribute__((ifunc("begin_without_cache")));

static __attribute__((used)) const nothing needs_resolver = resolved;
#endif
#else
_Thread_local struct thread_cache cache __attribute__((tls_model("initial-exec")));

static bool find_cache(void) { return true; }

static void leave_cache(void) {}

void cache_lock(void) {}

void cache_unlock(void) {}
#endif

// Other destructors may still allocate after this one, and the C library itself frees after all of them. Nobody would
// come for what a cache took in then (tests/models/ending.pml: thread_exit, await_end, cache_set_up, cache_flush,
// count_of_threads, has_hardly_freed, cache_spill_and_free). So the thread has none from here on, and every call goes
// to the depot.
static void thread_exit(void* unused) {
    (void)unused;
    self.is_ending = true;
    if (!self.has_cache) return;
    // order: relaxed, for the number leads to no memory (count_of_threads).
    atomic_fetch_sub_explicit(&threads, 1, memory_order_relaxed);
    cache_flush();
    region_pay_all();
    self.has_cache = false;
    leave_cache();
}

void cache_is_alone(void) {
    // order: relaxed; there is no other thread, and those that will be see what came before their start.
    atomic_store_explicit(&threads, self.has_cache, memory_order_relaxed);
}

static void process_set_up(void) {
    size_classes_init();
    harden_set_up();
    have_key = pthread_key_create(&at_thread_exit, thread_exit) == 0;
}

// Before main where possible: then no thread can look a class up while the table is made, and a program that uses up
// all keys of thread-specific data comes too late. A constructor of an earlier library may allocate before; hence
// pthread_once. tests/models/first_use.pml proves what the first calls rely on (cache_set_up, await_end,
// process_set_up).
__attribute__((constructor(101))) static void process_set_up_early(void) { pthread_once(&once, process_set_up); }

// ---- How long magazines are ----

// For a thread that has a cache.
static unsigned count_of_threads(void) {
    // order: relaxed. A stale number makes a magazine a little longer or shorter. It is never 0: a thread reads what it
    // added itself or something later, and that counts it until it ends.
    return atomic_load_explicit(&threads, memory_order_relaxed);
}

// Each thread's part, so that many threads keep no more than few.
static size_t budget_bytes(void) {
    size_t part = BUDGET_BYTES / count_of_threads();
    return part > BUDGET_MOST_BYTES ? BUDGET_MOST_BYTES : part < BUDGET_LEAST_BYTES ? BUDGET_LEAST_BYTES : part;
}

// Who only frees what others take does not wander up and down in a magazine, so a short one will do.
static unsigned longest_magazine(unsigned size_class) {
    const struct size_class* size = &size_classes[size_class];
    if (cache.takes[size_class]) return size->magazine_most;
    unsigned few = FREED_BYTES / size->block_bytes;
    return few > FREED_LEAST ? few : FREED_LEAST;
}

// The thread had to go to the depot, so it should have had more.
static void want_more(unsigned size_class) {
    unsigned doubled = cache.wanted[size_class] == 0 ? 1 : 2 * cache.wanted[size_class];
    size_t affordable = budget_bytes() / BUDGET_SHARE / size_classes[size_class].block_bytes;
    unsigned most = longest_magazine(size_class);
    if (affordable < most) most = (unsigned)affordable;
    if (doubled > most) doubled = most;
    if (doubled > cache.wanted[size_class]) cache.wanted[size_class] = (uint16_t)doubled;
}

static size_t held_bytes(unsigned size_class) {
    size_t blocks = (size_t)cache.capacity[size_class] + cache.spare_count[size_class];
    return blocks * size_classes[size_class].block_bytes;
}

static void set_loaded(unsigned size_class, struct block* first, unsigned count, unsigned capacity) {
    cache.held_bytes -= held_bytes(size_class);
    cache.loaded[size_class] = (struct magazine){first, capacity - count, size_classes[size_class].grid};
    cache.capacity[size_class] = (uint16_t)capacity;
    cache.held_bytes += held_bytes(size_class);
}

// The loaded magazine has been taken away.
static void empty_loaded(unsigned size_class, unsigned capacity) { set_loaded(size_class, NULL, 0, capacity); }

static void set_spare(unsigned size_class, struct block* first, unsigned count) {
    cache.held_bytes -= held_bytes(size_class);
    cache.spare[size_class] = first;
    cache.spare_count[size_class] = (uint16_t)count;
    cache.held_bytes += held_bytes(size_class);
}

// Gives one magazine of a class to the depot, and will want less of the class when that was the last.
static void give_magazine(unsigned size_class) {
    if (cache.spare[size_class] != NULL) {
        depot_give(size_class, cache.spare[size_class], cache.spare_count[size_class]);
        set_spare(size_class, NULL, 0);
        return;
    }
    unsigned count = cache.capacity[size_class] - cache.loaded[size_class].room;
    if (count > 0) depot_give(size_class, cache.loaded[size_class].first, count);
    empty_loaded(size_class, 0);
    unsigned half = cache.wanted[size_class] / 2;
    unsigned first = size_classes[size_class].magazine_first;
    cache.wanted[size_class] = (uint16_t)(half > first ? half : first);
}

// A magazine of a class goes for which the thread has not come since the hand was there last.
static void give_unused(int most_looks) {
    for (int looks = most_looks; looks > 0; looks--) {
        unsigned size_class = cache.hand;
        if (size_class == NO_CLASS) run_cache_give_unused(&cache.runs);
        bool was_used = cache.is_used[size_class];
        cache.is_used[size_class] = false;
        if (!was_used && held_bytes(size_class) > 0) {
            give_magazine(size_class);
            return;
        }
        cache.hand = (cache.hand + 1) % CLASS_COUNT;
    }
}

static void keep_budget(void) {
    size_t held = cache.held_bytes + (size_t)cache.runs.kept_pages * PAGE_BYTES;
    if (held > budget_bytes()) give_unused(2 * CLASS_COUNT);
}

// ---- The slow paths ----

// Magazines between threads, tests/models/depot.pml: cache_refill_and_take, cache_spill_and_free, make_room,
// cache_flush.

// Has thread_exit called when the thread ends, unless its destructors have all run. For a key of a high number the C
// library takes a block and so comes here again.
static void await_end(void) {
    pthread_once(&once, process_set_up);
    if (self.awaits_end) return;
    self.awaits_end = true;
    if (have_key) pthread_setspecific(at_thread_exit, &self);
}

bool cache_is_there(void) { return self.has_cache; }

void cache_set_up(void) {
    await_end();
    if (self.has_cache || self.is_ending || !find_cache()) return;
    self.has_cache = true;
    // order: relaxed, as in thread_exit; in the thread itself it comes before each count_of_threads.
    atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed);
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        cache.wanted[size_class] = size_classes[size_class].magazine_first;
    }
}

static bool load(unsigned size_class) {
    unsigned wanted = cache.wanted[size_class];
    struct batch batch = depot_take(size_class, wanted);
    unsigned count = batch.count + batch.fresh_count;
    if (count == 0) return false;
    set_loaded(size_class, span_cut(&batch, size_class), count, count > wanted ? count : wanted);
    // Who fills a small heap comes once for each block, not again and again.
    if (batch.fresh_count == 0 || !heap_is_small()) want_more(size_class);
    if (batch.fresh_count == 0) {
        decay();
    } else {
        // Fresh memory was needed, so what lies idle goes, little by little, as in the depot.
        give_unused(FRESH_LOOKS);
    }
    return true;
}

struct block* cache_refill_and_take(unsigned size_class) {
    cache_set_up();
    if (!self.has_cache || cache.wanted[size_class] == 0) return depot_take_one(size_class);
    cache.is_used[size_class] = true;
    cache.takes[size_class] = true;
    unsigned spare_count = cache.spare_count[size_class];
    if (spare_count > 0) {
        struct block* spare = cache.spare[size_class];
        unsigned wanted = cache.wanted[size_class];
        set_spare(size_class, NULL, 0);
        set_loaded(size_class, spare, spare_count, spare_count > wanted ? spare_count : wanted);
    } else if (!load(size_class)) {
        return NULL;
    }
    struct magazine* loaded = &cache.loaded[size_class];
    struct block* block = loaded->first;
    loaded->first = next_of(block);
    loaded->room++;
    keep_budget();
    return block;
}

// How many blocks a thread keeps of a class that shrinks and of which so many are left. The more, the fewer frees come
// to the lock, where the thread waits until the memory of every block before has come; and most of a heap goes while
// much of it is left. But each may hold a span of its own, for ever if the thread never frees again. One that is alone
// frees what is left, too, and then keeps less; of several, some stop while the others go on. So they all keep a part
// of what is left that is the smaller the more they are.
static unsigned few_of(unsigned size_class, uint64_t left) {
    const struct size_class* size = &size_classes[size_class];
    unsigned least = size->magazine_most / FEW_SHARE;
    if (least < FEW_LEAST) least = FEW_LEAST;
    if (least > FEW_LEAST_MOST) least = FEW_LEAST_MOST;
    if (left == 1) least = FEW_LEAST;
    uint64_t span_bytes = (uint64_t)size->span_pages * PAGE_BYTES;
    uint64_t sharers = count_of_threads();
    uint64_t affordable = left * size->block_bytes / (HELD_SHARE * sharers * sharers * span_bytes);
    return affordable < least ? least : affordable < size->magazine_most ? (unsigned)affordable : size->magazine_most;
}

// Gives the spare of a class that shrinks. Result: as for depot_give.
static uint64_t give_spare_loose(unsigned size_class) {
    struct block* spare = cache.spare[size_class];
    set_spare(size_class, NULL, 0);
    return depot_give_loose(size_class, spare);
}

// Finds another place for the blocks of a full loaded magazine, or makes it longer. One magazine goes to the depot, at
// most: that moves two more.
static void make_room(unsigned size_class) {
    struct block* blocks = cache.loaded[size_class].first;
    unsigned count = cache.capacity[size_class];
    bool had_spare = cache.spare[size_class] != NULL;
    bool shrank = cache.shrinks[size_class];

    uint64_t left = 0;  // of the class, when it shrinks
    if (count == 0) {
        left = shrank ? 1 : 0;
    } else if (!had_spare && !shrank && cache.takes[size_class]) {
        set_spare(size_class, blocks, count);
    } else if (!had_spare && !shrank) {
        // A spare serves who takes again; a thread that only frees hands its magazines on.
        left = depot_give(size_class, blocks, count);
        if (left == 0) want_more(size_class);
    } else if (!had_spare) {
        left = depot_give_loose(size_class, blocks);
    } else if (shrank) {
        left = give_spare_loose(size_class);
    } else {
        // The older of the two goes: the other one's blocks are still warm.
        left = depot_give(size_class, cache.spare[size_class], cache.spare_count[size_class]);
        set_spare(size_class, blocks, count);
        if (left == 0) want_more(size_class);
    }
    cache.shrinks[size_class] = left > 0;
    if (left > 0) cache.wanted[size_class] = (uint16_t)few_of(size_class, left);
    decay();
    unsigned room = cache.wanted[size_class];
    if (count > 0 && had_spare && shrank) {
        if (count + room <= size_classes[size_class].magazine_most) {
            set_loaded(size_class, blocks, count, count + room);
            return;
        }
        set_spare(size_class, blocks, count);
    }
    empty_loaded(size_class, room);
}

// Whether the thread keeps no block of the class yet. First, it may be behind all of its destructors and new to malloc.
// There the C library frees the stacks of other threads. A cache that began there would be lost, and the thread would
// count for ever. Nobody can ask a thread whether it is there; but it frees few blocks then, and takes none. Second, it
// was given a block whose neighbours others were given, as workers are their arguments. If it took that block again, it
// would write to the cache line that they write to.
static bool has_hardly_freed(unsigned size_class) {
    if ((self.has_cache && cache.capacity[size_class] > 0) || self.first_frees == FIRST_FREES) return false;
    self.first_frees++;
    return true;
}

void cache_spill_and_free(unsigned size_class, struct block* block) {
    await_end();
    bool keeps_none = self.is_ending || has_hardly_freed(size_class);
    if (!keeps_none) cache_set_up();
    if (keeps_none && size_classes[size_class].shares_lines) {
        set_next(block, NULL);
        depot_give_loose(size_class, block);
        return;
    }
    if (keeps_none || !self.has_cache) {
        depot_give_one(size_class, block);
        return;
    }
    struct magazine* loaded = &cache.loaded[size_class];
    if (loaded->room == 0) {
        if (cache.wanted[size_class] == 0) {
            depot_give_one(size_class, block);
            want_more(size_class);
            return;
        }
        cache.is_used[size_class] = true;
        make_room(size_class);
    }
    set_next(block, loaded->first);
    loaded->first = block;
    loaded->room--;
    keep_budget();
}

uint32_t cache_most_run_pages(void) {
    size_t part = budget_bytes() / RUNS_SHARE;
    return (uint32_t)((part < RUNS_MOST_BYTES ? part : RUNS_MOST_BYTES) / PAGE_BYTES);
}

void cache_flush(void) {
    if (!self.has_cache) return;
    run_cache_flush(&cache.runs);
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        if (cache.loaded[size_class].first != NULL) depot_give_loose(size_class, cache.loaded[size_class].first);
        if (cache.spare[size_class] != NULL)
            depot_give(size_class, cache.spare[size_class], cache.spare_count[size_class]);
        set_spare(size_class, NULL, 0);
        empty_loaded(size_class, 0);
    }
}

static unsigned check_list(const struct block* first, unsigned size_class) {
    unsigned blocks = 0;
    for (const struct block* block = first; block != NULL; block = next_of(block)) {
        check_invariant(page_map_class(block) == size_class, "a thread's list holds blocks of its class only");
        blocks++;
    }
    return blocks;
}

void cache_check(void) {
    run_cache_check(&cache.runs);
    check_invariant(cache.loaded[NO_CLASS].first == NULL && cache.loaded[NO_CLASS].room == 0, "no class has no room");
    size_t held = 0;
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        unsigned loaded = check_list(cache.loaded[size_class].first, size_class);
        check_invariant(loaded + cache.loaded[size_class].room == cache.capacity[size_class],
                        "a magazine's blocks and its room make its capacity");
        unsigned spare = check_list(cache.spare[size_class], size_class);
        check_invariant(spare == 0 || spare == cache.spare_count[size_class], "a spare magazine's blocks are counted");
        held += held_bytes(size_class);
    }
    check_invariant(held == cache.held_bytes, "what a thread's magazines may hold is counted");
}

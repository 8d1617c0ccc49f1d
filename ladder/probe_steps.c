// probe_steps.c: what a call waits for: steps along the blocks that lie free, and other threads.

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>

#include "ladder/probe.h"
#include "programs/crew.h"
#include "programs/options.h"
#include "xmalloc.h"

// ---- Steps

enum { FREE_MOST = 64000, SMALL = 32, LARGER = 1000, LEAST_NS = 20000000, AT_ONCE = 16 };

static void* blocks[2 * FREE_MOST];

// The larger blocks are taken first, and so lie, with a system that hands out addresses from the top, behind all small
// ones in the order of addresses. Every other small one is freed, the highest first, so that even a list in that order
// is quickly made. None of them can serve the larger blocks, which are then taken and freed again and again.
static void take_and_free_among(const size_t* arguments) {
    size_t count = 2 * (arguments[0] < FREE_MOST ? arguments[0] : FREE_MOST);
    void* taken[AT_ONCE];
    for (size_t i = 0; i < AT_ONCE; i++) taken[i] = probe_take(LARGER);
    for (size_t i = 0; i < count; i++) blocks[i] = probe_take(SMALL);
    probe_sort(blocks, count);
    for (size_t i = count; i > 0; i -= 2) xfree(blocks[i - 1]);

    size_t pairs = 0;
    double start = probe_now_ns();
    double now = start;
    for (; now - start < LEAST_NS; now = probe_now_ns()) {
        for (size_t i = 0; i < AT_ONCE; i++) xfree(taken[i]);
        for (size_t i = 0; i < AT_ONCE; i++) taken[i] = probe_take(LARGER);
        pairs += AT_ONCE;
    }
    probe_answer("ns", (now - start) / (double)pairs);
}
const Probe probe_steps = {
    "steps", "FREE: what taking and freeing a block costs, in nanoseconds, while FREE smaller blocks lie free.", 1,
    take_and_free_among};

// ---- Blocks that another thread frees

enum { HANDS = 4, SLOTS = 64, HANDED = 300000, HANDED_BYTES = 64 };
static _Atomic(void*) slots[HANDS][SLOTS];

// Each thread puts a block that it took into a slot, again and again, and frees what was there. Either the slots are
// its own, or in turn those of all threads.
static void put_and_free(void* context, unsigned which) {
    const bool* foreign = context;
    for (size_t i = 0; i < HANDED; i++) {
        size_t owner = *foreign ? (which + i) % HANDS : which;
        xfree(atomic_exchange(&slots[owner][i / HANDS % SLOTS], probe_take(HANDED_BYTES)));
    }
}

// How often the threads of one such race had to wait. Result: at least 1, for others are divided by it.
static double waits_in_race(bool foreign) {
    struct rusage before;
    struct rusage after;
    getrusage(RUSAGE_SELF, &before);
    crew_run(HANDS, put_and_free, &foreign);
    getrusage(RUSAGE_SELF, &after);
    double waits = (double)(after.ru_nvcsw - before.ru_nvcsw);
    return waits < 1 ? 1 : waits;
}

static void race_for_slots(const size_t* unused) {
    (void)unused;
    probe_answer("waits_own", waits_in_race(false));
    probe_answer("waits_foreign", waits_in_race(true));
}
const Probe probe_hands = {
    "hands", "How often four threads wait when each frees its own blocks, and when each frees those of others.", 0,
    race_for_slots};

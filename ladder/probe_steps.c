// probe_steps.c: what a call costs while many blocks lie free.

#include "ladder/probe.h"
#include "xmalloc.h"

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

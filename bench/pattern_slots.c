// pattern_slots.c: threads that each have some slots of their own, and put a new block into a random one again and
// again.
//
// The five patterns differ in the sizes, in the number of blocks that live at a time and in the number of threads. The
// totals stay the same however many threads share them.

#include "bench/pattern.h"
#include "programs/crew.h"
#include "xmalloc.h"

enum { SLOTS_MOST = 32000 };

struct mix {
    size_t slots;           // of all threads together, 0 to SLOTS_MOST; 0: a block is freed at once
    uint64_t replacements;  // of all threads together
    size_t (*bytes)(struct pattern_random* random);
};

struct work {
    const struct mix* mix;
    unsigned threads;
    unsigned percent;
};

static void* slots[SLOTS_MOST];

static uint64_t work_total(const struct work* work) { return work->mix->replacements / 100 * work->percent; }

static void replace_own(void* context, unsigned which) {
    const struct work* work = context;
    const struct mix* mix = work->mix;
    uint64_t total = work_total(work);
    uint64_t mine = pattern_part(total, which + 1, work->threads) - pattern_part(total, which, work->threads);
    struct pattern_random random = pattern_random_from(which);
    if (mix->slots == 0) {
        for (uint64_t i = 0; i < mine; i++) xfree(pattern_take(mix->bytes(&random)));
        return;
    }
    void** first = slots + pattern_part(mix->slots, which, work->threads);
    size_t own = pattern_part(mix->slots, which + 1, work->threads) - pattern_part(mix->slots, which, work->threads);
    for (uint64_t i = 0; i < mine; i++) {
        void** slot = &first[pattern_random_below(&random, own)];
        xfree(*slot);
        *slot = pattern_take(mix->bytes(&random));
    }
    for (size_t i = 0; i < own; i++) xfree(first[i]);
}

static uint64_t run_mix(const struct mix* mix, unsigned threads, unsigned percent) {
    struct work work = {mix, threads, percent};
    crew_run(threads, replace_own, &work);
    return 2 * work_total(&work) + mix->slots;
}

static size_t bytes_64(struct pattern_random* random) {
    (void)random;
    return 64;
}
static size_t bytes_to_1k(struct pattern_random* random) { return 16 + pattern_random_below(random, 1024 - 16 + 1); }
static size_t bytes_to_64k(struct pattern_random* random) { return pattern_random_bytes(random, 4, 16); }
static size_t bytes_from_64k_to_256k(struct pattern_random* random) {
    return 64 * 1024 + 1 + pattern_random_below(random, 192 * 1024);
}
static size_t bytes_to_256(struct pattern_random* random) { return 16 + pattern_random_below(random, 256 - 16 + 1); }

static uint64_t run_pairs(unsigned threads, unsigned percent) {
    static const struct mix mix = {0, 24000000, bytes_64};
    return run_mix(&mix, threads, percent);
}
const struct pattern pattern_pairs = {
    "pairs", "One size taken and freed at once, like the scratch object of each request in a server.", 4, run_pairs};

static uint64_t run_requests(unsigned threads, unsigned percent) {
    static const struct mix mix = {0, 2000000, bytes_from_64k_to_256k};
    return run_mix(&mix, threads, percent);
}
const struct pattern pattern_requests = {
    "requests", "64 to 256 KiB taken and freed at once, like the buffer into which a server reads each request.", 4,
    run_requests};

static uint64_t run_small(unsigned threads, unsigned percent) {
    static const struct mix mix = {16000, 9000000, bytes_to_1k};
    return run_mix(&mix, threads, percent);
}
const struct pattern pattern_small = {
    "small", "Random sizes of 16 B to 1 KiB with random lifetimes, like the objects and strings of a script language.",
    4, run_small};

static uint64_t run_medium(unsigned threads, unsigned percent) {
    static const struct mix mix = {4000, 2400000, bytes_to_64k};
    return run_mix(&mix, threads, percent);
}
const struct pattern pattern_medium = {
    "medium", "Random sizes of 16 B to 64 KiB with random lifetimes, like buffers and messages in a proxy.", 4,
    run_medium};

static uint64_t run_crowd(unsigned threads, unsigned percent) {
    static const struct mix mix = {32000, 12000000, bytes_to_256};
    return run_mix(&mix, threads, percent);
}
const struct pattern pattern_crowd = {
    "crowd", "Far more threads than cores, each with blocks of its own, like a server with a thread per connection.",
    64, run_crowd};

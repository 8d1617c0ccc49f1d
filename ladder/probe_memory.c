// probe_memory.c: what the blocks take beyond what was asked for: rounding, headers, holes, and what lies in caches.

#include <pthread.h>

#include "ladder/probe.h"
#include "programs/crew.h"
#include "programs/options.h"
#include "xmalloc.h"

enum { MIB = 1024 * 1024, BLOCKS_MOST = 1024 * 1024 };

static void* blocks[BLOCKS_MOST];

// The table of blocks must be in memory before memory is measured.
static void prepare(void) {
    for (size_t i = 0; i < BLOCKS_MOST; i++) blocks[i] = blocks;
}

static double growth(size_t before, size_t now) { return now > before ? (double)(now - before) : 0; }

// ---- Rounding and headers

static void take_all_sizes(const size_t* arguments) {
    enum { ASKED = 8 * MIB };
    uint64_t random = 1;
    size_t asked = 0;
    size_t before = probe_resident();
    while (asked < ASKED) {
        size_t bytes = probe_random(&random, arguments[0], arguments[1]);
        probe_take(bytes);
        asked += bytes;
    }
    probe_answer("taken_per_asked", growth(before, probe_resident()) / (double)asked);
}
const Probe probe_overhead = {
    "overhead", "LOW HIGH: how many bytes of memory one byte of a live block takes, for sizes from LOW to HIGH.", 2,
    take_all_sizes};

// ---- The first block of each size

static void take_one_of_each(const size_t* unused) {
    (void)unused;
    static const size_t sizes[] = {16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096};
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    probe_mapped();
    probe_resident();  // once in vain, so that afterwards nothing but the blocks is new
    size_t mapped = probe_mapped();
    size_t resident = probe_resident();
    for (size_t i = 0; i < SIZES; i++) *(char*)xmalloc(sizes[i]) = 1;
    size_t resident_now = probe_resident();
    probe_answer("resident_kib", growth(resident, resident_now) / 1024);
    probe_answer("mapped_kib", growth(mapped, probe_mapped()) / 1024);
}
const Probe probe_first = {"first", "How much memory the first block of each of sixteen sizes costs, 16 KiB in all.", 0,
                           take_one_of_each};

// ---- Holes

// Of every row of `of` neighbours all but one are freed. Then as many bytes as were freed are asked for in blocks that
// are as large as such a hole, with no header in it. What the address space grows by then, the holes could not serve.
static void fill_holes(const size_t* arguments) {
    enum { FILLED = 4 * MIB, HEADER_BYTES = 16 };
    size_t bytes = arguments[0];
    size_t of = arguments[1];
    size_t count = FILLED / bytes;
    prepare();
    for (size_t i = 0; i < count; i++) blocks[i] = probe_take(bytes);
    probe_sort(blocks, count);
    size_t freed = 0;
    size_t before = probe_mapped();
    for (size_t i = count; i-- > 0;) {
        if (i % of == 0) continue;
        xfree(blocks[i]);
        freed += bytes;
    }
    size_t larger = (of - 1) * bytes + (of - 2) * HEADER_BYTES;
    for (size_t i = 0; i < freed / larger; i++) probe_take(larger);
    probe_answer("not_served", growth(before, probe_mapped()) / (double)freed);
}
const Probe probe_holes = {
    "holes", "BYTES OF: which part of freed memory, OF - 1 neighbours of OF, cannot serve blocks of that size.", 2,
    fill_holes};

// ---- What idle threads keep

enum { STUCK_THREADS = 8, STUCK_BLOCKS = 2000, STUCK_BYTES = 112 };
static pthread_barrier_t step;

// Threads that take and free, and then wait until the main thread has asked for as much again, in larger blocks.
static void take_free_and_idle(void* unused, unsigned which) {
    enum { LARGER = 4000, FREED = STUCK_THREADS * STUCK_BLOCKS * STUCK_BYTES };
    (void)unused;
    void** own = blocks + which * STUCK_BLOCKS;
    for (size_t i = 0; i < STUCK_BLOCKS; i++) own[i] = probe_take(STUCK_BYTES);
    pthread_barrier_wait(&step);
    if (which == 0) probe_mapped();  // once in vain: what the thread needs to look is its own then
    size_t before = which == 0 ? probe_mapped() : 0;
    pthread_barrier_wait(&step);
    for (size_t i = 0; i < STUCK_BLOCKS; i++) xfree(own[i]);
    pthread_barrier_wait(&step);
    if (which == 0) {
        for (size_t i = 0; i < FREED / LARGER; i++) probe_take(LARGER);
        probe_answer("not_served", growth(before, probe_mapped()) / FREED);
    }
    pthread_barrier_wait(&step);
}

static void ask_beside_idle_threads(const size_t* unused) {
    (void)unused;
    prepare();
    pthread_barrier_init(&step, NULL, STUCK_THREADS);
    crew_run(STUCK_THREADS, take_free_and_idle, NULL);
}
const Probe probe_stuck = {
    "stuck", "Which part of what eight threads have freed cannot serve larger blocks while these threads live.", 0,
    ask_beside_idle_threads};

// ---- After a peak

// One block of each ten thousand stays, so that hardly any region is all free.
static void fall_after_peak(const size_t* unused) {
    enum { STAYS = 10000, ASKED = 128 * MIB };
    (void)unused;
    prepare();
    uint64_t random = 1;
    size_t count = 0;
    size_t before = probe_resident();
    for (size_t asked = 0; asked < ASKED; count++) {
        size_t bytes = probe_random(&random, 64, 512);
        blocks[count] = probe_take(bytes);
        asked += bytes;
    }
    double peak = growth(before, probe_resident());
    for (size_t i = 0; i < count; i++) {
        if (i % STAYS != 0) xfree(blocks[i]);
    }
    probe_answer("peak_mib", peak / MIB);
    probe_answer("left_per_peak", growth(before, probe_resident()) / peak);
}
const Probe probe_after = {
    "after", "Which part of a peak of small blocks is still in memory when all but one of 10,000 have been freed.", 0,
    fall_after_peak};

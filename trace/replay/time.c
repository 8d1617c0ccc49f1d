// time.c: how many operations a second a replay does.

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "programs/crew.h"
#include "programs/options.h"
#include "trace/replay/replay.h"

// A round is repeated until the clock says something: a short trace takes microseconds.
static const double ROUND_S = 0.05;
enum { REPEATS_MOST = 1000000, SPINS = 200 };

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// ---- One thread, in the recorded order ------------------------------------------------------------------------------

// Result: seconds. What the trace leaves is freed off the clock.
static double run_once(const struct trace* trace, struct replay_block* blocks, bool is_full) {
    double start_s = now_s();
    for (size_t i = 0; i < trace->count; i++) {
        replay_step(&trace->events[i], i, &blocks[trace->events[i].block], is_full, NULL);
    }
    double seconds = now_s() - start_s;
    replay_free_all(blocks, trace->blocks);
    return seconds;
}

static double run_round(const struct trace* trace, struct replay_block* blocks, bool is_full, unsigned repeats) {
    double seconds = 0;
    for (unsigned r = 0; r < repeats; r++) seconds += run_once(trace, blocks, is_full);
    return seconds;
}

// ---- Threads that run freely ---------------------------------------------------------------------------------------

// Every block that is taken has a record of its own here: were it found by the block's number, a thread would wait
// until the block that had that number before is freed, which nobody promised. An event waits until all earlier ones of
// its block are done.
// There is always one that need not wait: the first in the recorded order of those that are not done.

struct free_run {
    const struct trace* trace;
    struct replay_crew crew;
    struct replay_block* blocks;  // trace->takes of them
    uint32_t* block_of;           // of each event: which of them
    uint32_t* turn_of;            // how many events of that block come before
    bool is_full;
    unsigned repeats;
    double seconds;
    double start_s[THREADS_MOST];  // of each thread
    double end_s[THREADS_MOST];
    pthread_barrier_t barrier;
};

static void prepare(struct free_run* run) {
    const struct trace* trace = run->trace;
    run->crew = replay_crew_of(trace);
    run->blocks = pages_resident(trace->takes, sizeof *run->blocks);
    run->block_of = pages_resident(trace->count, sizeof *run->block_of);
    run->turn_of = pages_resident(trace->count, sizeof *run->turn_of);
    struct pages pages = {0};
    pages_reserve(&pages, 2 * sizeof(uint32_t) * ((size_t)trace->blocks + 1));
    uint32_t* now = pages.start;             // of each number: the block that has it
    uint32_t* events = now + trace->blocks;  // and its events so far
    uint32_t taken = 0;
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_event* event = &trace->events[i];
        if (event->kind != TRACE_REALLOC && event->kind != TRACE_FREE) {
            now[event->block] = taken++;
            events[event->block] = 0;
        }
        run->block_of[i] = now[event->block];
        run->turn_of[i] = events[event->block]++;
    }
    pages_release(&pages);
}

static void wait_for_turn(struct replay_block* block, uint32_t turn) {
    for (unsigned spins = 0; atomic_load_explicit(&block->done, memory_order_acquire) != turn; spins++) {
        if (spins >= SPINS) sched_yield();
    }
}

static void do_own_events(struct free_run* run, unsigned which) {
    for (size_t at = run->crew.first[which]; at < run->crew.first[which + 1]; at++) {
        size_t number = run->crew.events[at];
        struct replay_block* block = &run->blocks[run->block_of[number]];
        uint32_t turn = run->turn_of[number];
        wait_for_turn(block, turn);
        replay_step(&run->trace->events[number], number, block, run->is_full, NULL);
        atomic_store_explicit(&block->done, turn + 1, memory_order_release);
    }
}

// From the start of the first thread to the end of the last.
static double span_s(const struct free_run* run) {
    double start_s = run->start_s[0];
    double end_s = run->end_s[0];
    for (unsigned t = 1; t < run->crew.threads; t++) {
        if (run->start_s[t] < start_s) start_s = run->start_s[t];
        if (run->end_s[t] > end_s) end_s = run->end_s[t];
    }
    return end_s - start_s;
}

static void run_freely(void* context, unsigned which) {
    struct free_run* run = context;
    for (unsigned r = 0; r < run->repeats; r++) {
        pthread_barrier_wait(&run->barrier);
        run->start_s[which] = now_s();
        do_own_events(run, which);
        run->end_s[which] = now_s();
        pthread_barrier_wait(&run->barrier);
        if (which != 0) continue;
        run->seconds += span_s(run);
        replay_free_all(run->blocks, run->trace->takes);
    }
}

static double run_free_round(struct free_run* run, unsigned repeats) {
    run->repeats = repeats;
    run->seconds = 0;
    pthread_barrier_init(&run->barrier, NULL, run->crew.threads);
    crew_run(run->crew.threads, run_freely, run);
    pthread_barrier_destroy(&run->barrier);
    return run->seconds;
}

// ---- Rounds ---------------------------------------------------------------------------------------------------------

static int compare(const void* a, const void* b) {
    double left = *(const double*)a;
    double right = *(const double*)b;
    return (left > right) - (left < right);
}

double replay_median(const struct replay_timing* timing) {
    unsigned middle = timing->rounds / 2;
    if (timing->rounds % 2 == 1) return timing->rates[middle];
    return (timing->rates[middle - 1] + timing->rates[middle]) / 2;
}

struct replay_timing replay_time(const struct trace* trace, unsigned rounds, bool with_threads, bool is_full) {
    struct replay_timing timing = {.rounds = rounds};
    static struct free_run run;
    struct replay_block* blocks = NULL;
    if (with_threads) {
        run.trace = trace;
        run.is_full = is_full;
        prepare(&run);
    } else {
        blocks = pages_resident(trace->blocks, sizeof *blocks);
    }
    unsigned repeats = 1;
    double seconds = with_threads ? run_free_round(&run, 1) : run_round(trace, blocks, is_full, 1);
    if (seconds < ROUND_S) {
        double wanted = ROUND_S / (seconds > 0 ? seconds : 1e-9) + 1;
        repeats = wanted < REPEATS_MOST ? (unsigned)wanted : REPEATS_MOST;
    }
    for (unsigned round = 0; round < rounds; round++) {
        seconds = with_threads ? run_free_round(&run, repeats) : run_round(trace, blocks, is_full, repeats);
        timing.rates[round] = (double)trace->count * repeats / seconds;
    }
    qsort(timing.rates, rounds, sizeof *timing.rates, compare);
    return timing;
}

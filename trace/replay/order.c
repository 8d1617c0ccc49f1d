// order.c: a trace replayed in the order in which it was recorded, while somebody looks on.

#include <pthread.h>
#include <semaphore.h>

#include "programs/crew.h"
#include "programs/failure.h"
#include "programs/options.h"
#include "trace/replay/replay.h"

struct turns {
    const struct trace* trace;
    struct replay_crew crew;
    struct replay_block* blocks;
    struct replay_observer* observer;
    pthread_barrier_t all_are_here;  // so that the observer begins when the threads' own memory is there
    sem_t turn[THREADS_MOST];        // posted when the next event is of that thread and the one before was not
};

void replay_observed_step(const struct trace* trace, size_t number, struct replay_block* blocks,
                          struct replay_observer* observer) {
    const struct trace_event* event = &trace->events[number];
    struct replay_change change = replay_step(event, number, &blocks[event->block], true, observer);
    observer->after(observer, number, event, change);
    if (observer->calling == NULL) return;
    for (uint32_t block = 0; block < trace->blocks; block++) replay_check(&blocks[block], number);
}

static void do_event(struct turns* turns, size_t number) {
    replay_observed_step(turns->trace, number, turns->blocks, turns->observer);
}

static void wait_for(sem_t* semaphore) {
    while (sem_wait(semaphore) != 0) continue;  // interrupted
}

static unsigned thread_of(const struct turns* turns, size_t number) {
    return replay_crew_thread(&turns->crew, turns->trace->events[number].thread);
}

static void take_turns(void* context, unsigned which) {
    struct turns* turns = context;
    pthread_barrier_wait(&turns->all_are_here);
    if (which == 0) {
        turns->observer->begin(turns->observer);
        if (turns->trace->count > 0) sem_post(&turns->turn[thread_of(turns, 0)]);
    }
    for (size_t at = turns->crew.first[which]; at < turns->crew.first[which + 1]; at++) {
        size_t number = turns->crew.events[at];
        if (number == 0 || thread_of(turns, number - 1) != which) wait_for(&turns->turn[which]);
        do_event(turns, number);
        if (number + 1 == turns->trace->count) continue;
        unsigned next = thread_of(turns, number + 1);
        if (next != which) sem_post(&turns->turn[next]);
    }
}

static void run_in_turns(struct turns* turns) {
    turns->crew = replay_crew_of(turns->trace);
    pthread_barrier_init(&turns->all_are_here, NULL, turns->crew.threads);
    for (unsigned t = 0; t < turns->crew.threads; t++) sem_init(&turns->turn[t], 0, 0);
    crew_run(turns->crew.threads, take_turns, turns);
    for (unsigned t = 0; t < turns->crew.threads; t++) sem_destroy(&turns->turn[t]);
    pthread_barrier_destroy(&turns->all_are_here);
}

// As if the program did it after its last event, so that these blocks are checked too.
static void free_what_is_left(struct turns* turns) {
    static const struct trace_event event = {.kind = TRACE_FREE};
    for (uint32_t block = 0; block < turns->trace->blocks; block++) {
        if (turns->blocks[block].start != NULL)
            replay_step(&event, turns->trace->count, &turns->blocks[block], true, NULL);
    }
}

void replay_in_order(const struct trace* trace, bool with_threads, struct replay_observer* observer) {
    static struct turns turns;
    turns.trace = trace;
    turns.observer = observer;
    turns.blocks = pages_resident(trace->blocks, sizeof *turns.blocks);
    if (with_threads) {
        run_in_turns(&turns);
    } else {
        observer->begin(observer);
        for (size_t i = 0; i < trace->count; i++) do_event(&turns, i);
    }
    free_what_is_left(&turns);
}

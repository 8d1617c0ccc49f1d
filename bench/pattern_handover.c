// pattern_handover.c: blocks that are freed by another thread than the one that took them.

#include <pthread.h>

#include "bench/pattern.h"
#include "programs/crew.h"
#include "programs/options.h"
#include "xmalloc.h"

// ---- One takes, one frees -------------------------------------------------------------------------------------------

enum { PIPES_MOST = THREADS_MOST / 2, BATCH = 256, PIPE_BATCHES = 8, MESSAGES = 6000000 };

// A bounded queue of batches; so large that the lock costs little beside the blocks.
struct pipe {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t sent, received;  // batches
    void* messages[PIPE_BATCHES][BATCH];
};

static struct pipe pipes[PIPES_MOST];

struct pipeline {
    unsigned pipes;
    uint64_t batches;  // of all pipes together
};

// Waits until the next batch can be sent (limit PIPE_BATCHES) or received (limit 1).
static void** wait_for_batch(struct pipe* pipe, const uint64_t* mine, int sending) {
    pthread_mutex_lock(&pipe->lock);
    while (sending ? pipe->sent - pipe->received == PIPE_BATCHES : pipe->sent == pipe->received) {
        pthread_cond_wait(&pipe->changed, &pipe->lock);
    }
    void** batch = pipe->messages[*mine % PIPE_BATCHES];
    pthread_mutex_unlock(&pipe->lock);
    return batch;
}

static void batch_done(struct pipe* pipe, uint64_t* mine) {
    pthread_mutex_lock(&pipe->lock);
    ++*mine;
    pthread_cond_signal(&pipe->changed);
    pthread_mutex_unlock(&pipe->lock);
}

static void produce_or_consume(void* context, unsigned which) {
    const struct pipeline* line = context;
    unsigned k = which / 2;
    struct pipe* pipe = &pipes[k];
    uint64_t batches = pattern_part(line->batches, k + 1, line->pipes) - pattern_part(line->batches, k, line->pipes);
    struct pattern_random random = pattern_random_from(which);
    for (uint64_t i = 0; i < batches; i++) {
        if (which % 2 == 0) {
            void** batch = wait_for_batch(pipe, &pipe->sent, 1);
            for (size_t m = 0; m < BATCH; m++) batch[m] = pattern_take(32 + pattern_random_below(&random, 225));
            batch_done(pipe, &pipe->sent);
        } else {
            void** batch = wait_for_batch(pipe, &pipe->received, 0);
            for (size_t m = 0; m < BATCH; m++) xfree(batch[m]);
            batch_done(pipe, &pipe->received);
        }
    }
}

static uint64_t run_pipeline(unsigned threads, unsigned percent) {
    struct pipeline line = {threads < 2 ? 1 : threads / 2, (uint64_t)MESSAGES / BATCH * percent / 100};
    for (unsigned k = 0; k < line.pipes; k++) {
        pthread_mutex_init(&pipes[k].lock, NULL);
        pthread_cond_init(&pipes[k].changed, NULL);
    }
    crew_run(2 * line.pipes, produce_or_consume, &line);
    return 2 * BATCH * line.batches;
}
const struct pattern pattern_pipeline = {
    "pipeline", "One thread takes the blocks and another frees them, like the stages of a video or packet pipeline.", 4,
    run_pipeline};

// ---- All to all -----------------------------------------------------------------------------------------------------

enum { LETTERS = 64 * 1024, EXCHANGES = 50 };

struct exchange {
    pthread_barrier_t barrier;
    unsigned threads;
    unsigned rounds;
};

static void* letters[LETTERS];

// Every thread writes a part of the letters; then each takes those addressed to it, from all parts.
static void write_and_open(void* context, unsigned which) {
    struct exchange* exchange = context;
    size_t first = pattern_part(LETTERS, which, exchange->threads);
    size_t end = pattern_part(LETTERS, which + 1, exchange->threads);
    struct pattern_random random = pattern_random_from(which);
    for (unsigned round = 0; round < exchange->rounds; round++) {
        for (size_t i = first; i < end; i++) letters[i] = pattern_take(16 + pattern_random_below(&random, 240));
        pthread_barrier_wait(&exchange->barrier);
        for (size_t i = which; i < LETTERS; i += exchange->threads) xfree(letters[i]);
        pthread_barrier_wait(&exchange->barrier);
    }
}

static uint64_t run_exchange(unsigned threads, unsigned percent) {
    struct exchange exchange = {.threads = threads, .rounds = 1 + EXCHANGES * percent / 100};
    pthread_barrier_init(&exchange.barrier, NULL, threads);
    crew_run(threads, write_and_open, &exchange);
    pthread_barrier_destroy(&exchange.barrier);
    return (uint64_t)2 * LETTERS * exchange.rounds;
}
const struct pattern pattern_exchange = {
    "exchange", "Every thread frees blocks of all others, like the shuffle of a map-reduce job or a parallel sort.", 4,
    run_exchange};

// ---- Threads that come and go ---------------------------------------------------------------------------------------

// After Larson and Krishnan, "Memory allocation for long-running server applications" (1998).
enum { SESSIONS = 20000, THREAD_GENERATIONS = 150, REPLACEMENTS = 40000 };

struct churn {
    unsigned threads;
    unsigned generation;
};

static void* sessions[SESSIONS];

// What a thread leaves behind, another one of the next generation goes on with.
static void serve(void* context, unsigned which) {
    const struct churn* churn = context;
    unsigned part = (which + churn->generation) % churn->threads;
    size_t first = pattern_part(SESSIONS, part, churn->threads);
    size_t count = pattern_part(SESSIONS, part + 1, churn->threads) - first;
    struct pattern_random random = pattern_random_from((uint64_t)churn->generation * THREADS_MOST + which);
    for (unsigned i = 0; i < REPLACEMENTS / churn->threads; i++) {
        void** session = &sessions[first + pattern_random_below(&random, count)];
        xfree(*session);
        *session = pattern_take(16 + pattern_random_below(&random, 496));
    }
}

static uint64_t run_churn(unsigned threads, unsigned percent) {
    unsigned generations = 1 + THREAD_GENERATIONS * percent / 100;
    for (unsigned generation = 0; generation < generations; generation++) {
        struct churn churn = {threads, generation};
        crew_run(threads, serve, &churn);
    }
    for (size_t i = 0; i < SESSIONS; i++) xfree(sessions[i]);
    return (uint64_t)2 * generations * (REPLACEMENTS / threads * threads) + SESSIONS;
}
const struct pattern pattern_churn = {
    "churn", "Threads come and go while the blocks outlive them, like a server that starts a thread for each request.",
    4, run_churn};

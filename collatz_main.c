// collatz_main.c: the longest Collatz sequence below TOP, asked the way a server would.
//
// Half of the threads generate trajectories and send them, a few at a time, in messages through a bounded queue. The
// other half measure them, free message and trajectories, and enter the results into one table that grows by xrealloc.
//
// What it asks of an allocator: blocks of 16 B to several KiB in no regular sizes that are nearly always freed by
// another thread than the one that took them, shrinking xrealloc, and one block that grows to many MiB.

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "programs/answer.h"
#include "programs/crew.h"
#include "programs/digest.h"
#include "programs/failure.h"
#include "programs/options.h"
#include "programs/queue.h"
#include "programs/trajectory.h"
#include "xmalloc.h"

enum { MESSAGE_MOST = 24 };  // trajectories in a message

struct message {
    uint64_t first;  // trajectories[i] is that of the number first + i
    uint64_t count;
    struct trajectory* trajectories[];
};

struct result {
    uint64_t number;
    uint64_t steps;
};

struct server {
    uint64_t top;
    unsigned generators;        // threads 0 to generators - 1 generate, the others measure
    bool alone;                 // one thread does both in turn
    atomic_uint_fast64_t next;  // the first number that nobody has claimed
    struct queue queue;

    pthread_mutex_t table_lock;  // guards the table of results
    struct result* results;
    uint64_t result_count;
    uint64_t result_capacity;
};

// How many numbers the message that starts with this one takes: 1 to MESSAGE_MOST in no regular order.
static uint64_t message_size(uint64_t first) { return 1 + (first * 0x9e3779b97f4a7c15u >> 32) % MESSAGE_MOST; }

// Makes a message of numbers that nobody has claimed yet, or gives NULL when there are none left.
static struct message* message_generate(struct server* server) {
    uint64_t first = atomic_load(&server->next);
    uint64_t count;
    do {
        if (first >= server->top) return NULL;
        count = message_size(first);
        if (count > server->top - first) count = server->top - first;
    } while (!atomic_compare_exchange_weak(&server->next, &first, first + count));

    struct message* message = xmalloc(sizeof(struct message) + count * sizeof(struct trajectory*));
    if (message == NULL) fail_no_memory("a message");
    message->first = first;
    message->count = count;
    for (uint64_t i = 0; i < count; i++) message->trajectories[i] = trajectory_generate(first + i);
    return message;
}

static void results_make_room(struct server* server, uint64_t more) {
    if (server->result_capacity - server->result_count >= more) return;
    uint64_t capacity = 2 * server->result_capacity + more;
    size_t bytes = capacity * sizeof(struct result);
    struct result* results = server->results == NULL ? xmalloc(bytes) : xrealloc(server->results, bytes);
    if (results == NULL) fail_no_memory("the table of results");
    server->results = results;
    server->result_capacity = capacity;
}

static void message_measure(struct server* server, struct message* message) {
    struct result results[MESSAGE_MOST];
    for (uint64_t i = 0; i < message->count; i++) {
        results[i] = (struct result){message->first + i, trajectory_steps(message->trajectories[i])};
        xfree(message->trajectories[i]);
    }
    pthread_mutex_lock(&server->table_lock);
    results_make_room(server, message->count);
    for (uint64_t i = 0; i < message->count; i++) server->results[server->result_count++] = results[i];
    pthread_mutex_unlock(&server->table_lock);
    xfree(message);
}

static void serve(void* context, unsigned which) {
    struct server* server = context;
    struct message* message;
    if (which < server->generators) {
        while ((message = message_generate(server)) != NULL) {
            queue_put(&server->queue, message);
            // A lone thread empties the queue before it could ever be full.
            if (server->alone) message_measure(server, queue_take(&server->queue));
        }
        queue_close(&server->queue);
    } else {
        while ((message = queue_take(&server->queue)) != NULL) message_measure(server, message);
    }
}

// The trajectories are freed; how many steps each had is kept.
static void digest_results(const struct server* server) {
    digest_read_nonce();
    for (uint64_t i = 0; i < server->result_count; i++) {
        const struct result* result = &server->results[i];
        digest_take(digest_add(digest_start(result->number), result->steps), result->steps + 1);
    }
    digest_print();
}

int main(int argc, char** argv) {
    struct options options = options_or_exit(argc, argv);
    static struct server server;
    server.top = options.top;
    server.generators = (options.threads + 1) / 2;
    server.alone = options.threads == 1;
    atomic_init(&server.next, 1);
    queue_init(&server.queue, server.generators);
    pthread_mutex_init(&server.table_lock, NULL);

    crew_run(options.threads, serve, &server);

    struct answer answer = {0};
    for (uint64_t i = 0; i < server.result_count; i++) {
        answer_consider(&answer, server.results[i].number, server.results[i].steps);
    }
    answer_print(&answer);
    if (options.digest) digest_results(&server);

    if (server.results != NULL) xfree(server.results);
    queue_destroy(&server.queue);
    pthread_mutex_destroy(&server.table_lock);
    return 0;
}

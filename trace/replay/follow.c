// follow.c: a replay in step with the program. It waits for the program's next event, does it with the backend, and
// only then lets the program go on; it stands still, and the program with it, when it may do no more steps.
//
// All memory and all threads are there before the first step, so that none of them are taken for the backend's. Threads
// of the program beyond share them.

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "programs/crew.h"
#include "programs/failure.h"
#include "trace/record/follower.h"
#include "trace/record/gather.h"
#include "trace/replay/replay.h"

enum { WORKERS = 64 };

static struct {
    struct follower follower;
    struct trace trace;
    struct gathering gathering;
    struct replay_block* blocks;
    struct replay_observer* map;
    size_t number;  // of steps that are done
    size_t most;
    bool is_over;
    pthread_barrier_t all_are_here;
    sem_t turn[WORKERS];
    sem_t step_is_done;
} state;

static void wait_for(sem_t* semaphore) {
    while (sem_wait(semaphore) != 0) continue;  // interrupted
}

// ---- What may be done ----------------------------------------------------------------------------------------------

static struct {
    size_t steps;
    size_t number;  // of the line that is read
    bool is_over;   // the input
} allowed;

static void hear(int longest_ms) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&input, 1, longest_ms) <= 0) return;
    char text[256];
    ssize_t count = read(STDIN_FILENO, text, sizeof text);
    if (count < 0 && errno == EINTR) return;
    if (count <= 0) allowed.is_over = true;
    for (ssize_t i = 0; i < count; i++) {
        if (text[i] == '\n') {
            allowed.steps = allowed.number;
            allowed.number = 0;
        } else if (text[i] >= '0' && text[i] <= '9' && allowed.number < REPLAY_FOLLOWED_MOST) {
            allowed.number = allowed.number * 10 + (size_t)(text[i] - '0');
        }
    }
}

// Waits until a step may be done. Result: false when none will.
static bool may_step(void) {
    hear(0);
    while (allowed.steps == 0 && !allowed.is_over) hear(-1);
    return !allowed.is_over;
}

// ---- Steps ---------------------------------------------------------------------------------------------------------

static void work(unsigned which) {
    for (;;) {
        wait_for(&state.turn[which]);
        if (state.is_over) return;
        replay_observed_step(&state.trace, state.number, state.blocks, state.map);
        sem_post(&state.step_is_done);
    }
}

// Does what the trace has more than was done. Result: false when that may not be.
static bool catch_up(void) {
    while (state.number < state.trace.count) {
        if (state.number == state.most || !may_step()) return false;
        if (--allowed.steps == 0) replay_map_look(state.map);
        sem_post(&state.turn[state.trace.events[state.number].thread % WORKERS]);
        wait_for(&state.step_is_done);
        state.number++;
    }
    return state.number < state.most;
}

// Waits for the next event of the program. Result: NULL when there is none.
static const struct raw_event* next_event(void) {
    const struct raw_event* event = NULL;
    enum follower_news news;
    while ((news = follower_read(&state.follower, &event)) == FOLLOWER_NOTHING_YET) {
        hear(0);
        if (allowed.is_over) return NULL;
    }
    return news == FOLLOWER_END ? NULL : event;
}

static void lead(void) {
    state.map->begin(state.map);
    const struct raw_event* event;
    while ((event = next_event()) != NULL) {
        // A program does not begin before it may do a step.
        if (atomic_load(&event->kind) == RAW_BEGIN && !may_step()) return;
        gather_add(&state.gathering, event);
        if (!catch_up()) return;
        follower_done(&state.follower);
    }
}

static void lead_or_work(void* context, unsigned which) {
    (void)context;
    pthread_barrier_wait(&state.all_are_here);
    if (which < WORKERS) {
        work(which);
        return;
    }
    lead();
    state.is_over = true;
    for (unsigned t = 0; t < WORKERS; t++) sem_post(&state.turn[t]);
}

// Two events are the most that one event of the program is, but for the last that frees all.
static void make_room(void) {
    size_t events = 2 * state.most + 2;
    trace_reserve(&state.trace, events);
    gather_reserve(&state.gathering, state.most + 2);
    state.blocks = pages_resident(state.most + 2, sizeof *state.blocks);
}

void replay_follow(const char* recording, const char* backend, size_t most, const char* map_path) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a call that does not return must not outlive whoever looks
    follower_open(&state.follower, recording);
    struct raw_header* header = state.follower.header;
    // Until the program is there nothing is said of it.
    if (next_event() == NULL) return;
    state.most = most;
    state.gathering.trace = &state.trace;
    trace_name(&state.trace, header->program, strnlen(header->program, RAW_PROGRAM_BYTES));
    make_room();
    state.map = replay_map_open(&state.trace, true, recording, backend, map_path);
    pthread_barrier_init(&state.all_are_here, NULL, WORKERS + 1);
    sem_init(&state.step_is_done, 0, 0);
    for (unsigned t = 0; t < WORKERS; t++) sem_init(&state.turn[t], 0, 0);
    crew_run(WORKERS + 1, lead_or_work, NULL);
    int growth_errno = atomic_load(&header->growth_errno);
    follower_release(header);
    replay_map_close(state.map);
    if (growth_errno != 0) fail(EXIT_NO_ANSWER, "the recording could not grow: %s", strerror(growth_errno));
}

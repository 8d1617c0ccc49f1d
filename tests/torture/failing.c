// failing.c: makes every system call of an allocator fail, one after the other, and asks that no block is lost or
// changed.
//
// Usage: failing [STEP [anywhere]]. Linked with faults.c, or run with it preloaded. Each workload is a sequence of
// calls against the model heap in three parts; in the second one, system calls fail. It runs in a process of its own
// for each call that can fail: for the n-th call alone, for so many from the n-th on, and for all of them; and for each
// pair of kinds, for what follows a refusal is seldom tried: the n-th call of the one, and then the next ones of the
// other. A call of the allocator may then give NULL with ENOMEM. When the fault has gone, it may not any more. STEP:
// only each STEP-th n is tried, with another beginning for each workload. Exit status: 1 when something failed.

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/torture/calls.h"
#include "tests/torture/faults.h"
#include "tests/torture/model.h"
#include "tests/torture/pages.h"
#include "tests/torture/sequence.h"

enum { WORKLOADS = 8, FAILED = 3, OPERATIONS = 600, FIRST_SEED = 40, HUNG_S = 120, THREADS = 4 };

static const uint64_t ALL_KINDS = (1 << CALL_FUTEX) - 1;

// What is tried, and what became of it, shared with the processes that try it.
struct trial {
    struct faults plan;
    size_t threads;
    uint64_t seed;
    bool from_start;  // faults may come before the first call of the allocator has returned
    struct faults outcome;
    size_t refusals;
    char sentence[240];
};

static struct trial* trial;
static struct faults* faults;
static struct mailbox mailboxes[MAILBOXES];
static struct profile profile;

static void report(const char* sentence) {
    snprintf(trial->sentence, sizeof trial->sentence, "%s", sentence);
    _exit(FAILED);
}

static bool fault_is_on(void) { return faults->failed > 0 && faults->kinds != 0; }

static bool never(void) { return false; }

struct crew {
    struct player* players;
    size_t from;
    size_t end;
    bool is_thread;
};

static void* play_some(void* argument) {
    struct crew* crew = argument;
    for (size_t i = crew->from; i < crew->end; i++) {
        player_play(crew->players, operation_at(trial->seed, crew->players->thread, i));
    }
    return NULL;
}

// Threads of their own only where there are several: else each system call has the same number in each run.
static void play(struct player* players, size_t from, size_t end) {
    struct crew crews[THREADS];
    pthread_t threads[THREADS];
    for (size_t i = 0; i < trial->threads; i++) crews[i] = (struct crew){&players[i], from, end, false};
    if (trial->threads == 1) {
        play_some(&crews[0]);
        return;
    }
    for (size_t i = 0; i < trial->threads; i++) {
        crews[i].is_thread = pthread_create(&threads[i], NULL, play_some, &crews[i]) == 0;
        if (!crews[i].is_thread) play_some(&crews[i]);  // a thread needs memory too
    }
    for (size_t i = 0; i < trial->threads; i++) {
        if (crews[i].is_thread) pthread_join(threads[i], NULL);
    }
}

static _Noreturn void run_trial(void) {
    model_report = report;
    profile = profile_of(trial->seed);
    struct player* players = pages_take(trial->threads * sizeof *players, MAP_PRIVATE);
    for (size_t i = 0; i < trial->threads; i++) {
        players[i].profile = &profile;
        players[i].mailboxes = mailboxes;
        players[i].thread = i;
    }
    if (!trial->from_start) play(players, 0, OPERATIONS);
    *faults = trial->plan;
    for (size_t i = 0; i < trial->threads; i++) players[i].excuses = fault_is_on;
    play(players, OPERATIONS, 2 * OPERATIONS);
    trial->outcome = *faults;
    memset(faults, 0, sizeof *faults);
    for (size_t i = 0; i < trial->threads; i++) {
        players[i].excuses = never;
        trial->refusals += players[i].refusals;
    }
    calls_check_heap();
    play(players, 2 * OPERATIONS, 3 * OPERATIONS);
    for (size_t i = 0; i < trial->threads; i++) player_end(&players[i]);
    mailboxes_empty(&players[0]);
    calls_check_heap();
    _exit(0);
}

// Result: whether all went well. Prints what did not.
static bool try(const char* name) {
    trial->sentence[0] = '\0';
    trial->outcome = (struct faults){0};
    trial->refusals = 0;
    pid_t process = fork();
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(HUNG_S);
        run_trial();
    }
    int status = 0;
    if (process < 0 || waitpid(process, &status, 0) != process) {
        perror("failing: no process");
        exit(2);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    if (WIFSIGNALED(status)) {
        snprintf(trial->sentence, sizeof trial->sentence, "%s", strsignal(WTERMSIG(status)));
    }
    printf("%s, seed %llu, %zu threads, kinds %#llx, call %llu fails and %llu more, then %llu of kinds %#llx: %s\n",
           name, (unsigned long long)trial->seed, trial->threads, (unsigned long long)trial->plan.kinds,
           (unsigned long long)trial->plan.first, (unsigned long long)trial->plan.calls - 1,
           (unsigned long long)trial->plan.then_calls, (unsigned long long)trial->plan.then_kinds, trial->sentence);
    return false;
}

struct tally {
    size_t runs;
    size_t failures;
    size_t faults;
    size_t refusals;
};

static void try_plan(struct tally* tally, const char* name, struct faults plan) {
    trial->plan = plan;
    tally->failures += !try(name);
    tally->runs++;
    tally->faults += trial->outcome.failed;
    tally->refusals += trial->refusals;
}

// How many calls a workload makes that could fail.
static uint64_t count_calls(struct tally* tally, uint64_t kinds) {
    try_plan(tally, "no fault", (struct faults){.kinds = kinds});
    return trial->outcome.counted;
}

// Every n of one workload.
static void try_each_call(struct tally* tally, size_t step, size_t workload) {
    static const uint64_t lengths[] = {1, 2, 5, UINT64_MAX};
    uint64_t calls = count_calls(tally, ALL_KINDS);
    for (uint64_t n = 1 + workload % step; n <= calls; n += step) {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            try_plan(tally, "all kinds", (struct faults){.kinds = ALL_KINDS, .first = n, .calls = lengths[i]});
        }
    }
    // One kind is forbidden altogether, as a filter of system calls does it.
    for (unsigned kind = 0; kind < CALL_FUTEX; kind++) {
        try_plan(tally, "one kind is forbidden", (struct faults){.kinds = 1u << kind, .first = 1, .calls = UINT64_MAX});
    }
    if (isatty(STDERR_FILENO)) dprintf(STDERR_FILENO, "workload %zu of %d ...\r", workload + 1, WORKLOADS);
}

// The n-th call of one kind, and then the next one of another, or some of each.
static void try_pair(struct tally* tally, uint64_t kind, uint64_t then, uint64_t n) {
    struct faults plan = {.kinds = kind, .first = n, .calls = 1, .then_kinds = then, .then_calls = 1};
    try_plan(tally, "a pair", plan);
    plan.calls = plan.then_calls = 4;
    try_plan(tally, "a pair, both in a burst", plan);
}

// One n or more of each pair, and all calls of both kinds.
static void try_each_pair(struct tally* tally, size_t step, size_t workload) {
    for (unsigned kind = 0; kind < CALL_FUTEX; kind++) {
        uint64_t calls = count_calls(tally, 1u << kind);
        size_t least_step = calls < step ? (size_t)calls : step;
        for (unsigned then = 0; then < CALL_FUTEX && calls > 0; then++) {
            if (then == kind) continue;
            for (uint64_t n = 1 + (workload * CALL_FUTEX + then) * 31 % least_step; n <= calls; n += least_step) {
                try_pair(tally, 1u << kind, 1u << then, n);
            }
            struct faults both = {.kinds = 1u << kind | 1u << then, .first = 1, .calls = UINT64_MAX};
            if (kind < then) try_plan(tally, "two kinds are forbidden", both);
        }
    }
}

static void try_addresses(struct tally* tally, bool anywhere) {
    try_plan(tally, "mmap never gives aligned addresses", (struct faults){.unaligned = true});
    if (anywhere) return;
    // Where no address can be used there is no memory, so every call of mmap counts as a failing one.
    try_plan(tally, "mmap gives addresses from 2^52 on",
             (struct faults){.high = true, .kinds = 1 << CALL_FUTEX, .failed = 1});
}

static void print_tally(const char* what, const struct tally* tally) {
    printf("%s: %zu runs, %zu system calls failed, %zu calls had no memory, %zu runs were wrong\n", what, tally->runs,
           tally->faults, tally->refusals, tally->failures);
    fflush(stdout);
}

int main(int count, char** arguments) {
    size_t step = count > 1 ? strtoul(arguments[1], NULL, 10) : 1;
    bool anywhere = count > 2 && strcmp(arguments[2], "anywhere") == 0;
    struct faults* (*find)(void) = NULL;
    *(void**)&find = dlsym(RTLD_DEFAULT, "faults_of_process");
    if (count > 2 + anywhere || step == 0 || find == NULL) {
        fprintf(stderr, find == NULL ? "failing: faults.so is not preloaded\n" : "usage: failing [STEP [anywhere]]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IONBF, 0);
    faults = find();
    trial = pages_take(sizeof *trial, MAP_SHARED);
    printf("%s\n", calls_whose());
    struct tally alone = {0};
    struct tally pairs = {0};
    struct tally together = {0};
    struct tally addresses = {0};
    for (size_t workload = 0; workload < WORKLOADS; workload++) {
        *trial = (struct trial){.threads = 1, .seed = FIRST_SEED + workload, .from_start = workload % 2 == 0};
        try_each_call(&alone, step, workload);
        try_each_pair(&pairs, step, workload);
        try_addresses(&addresses, anywhere);
        trial->threads = THREADS;
        for (uint64_t n = 1; n < 200; n += 20 * step) {
            try_plan(&together, "threads",
                     (struct faults){.kinds = ALL_KINDS | 1 << CALL_FUTEX, .first = n, .calls = 10});
        }
        try_addresses(&addresses, anywhere);
    }
    print_tally("one thread, every call", &alone);
    print_tally("one thread, pairs of calls", &pairs);
    print_tally("threads, ten calls", &together);
    print_tally("strange addresses", &addresses);
    return alone.failures + pairs.failures + together.failures + addresses.failures > 0;
}

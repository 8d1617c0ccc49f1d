// random.c: random sequences of calls against the model heap, for as long as one likes.
//
// Usage: random [OPERATIONS [THREADS [SEED [FIRST]]]]. OPERATIONS may be written as 1e9. The test is a row of episodes,
// each with fresh threads and a mix of sizes of its own, on one heap. FIRST is the number of the episode to begin with:
// so a stopped test goes on. A failing episode is played again alone and made short. Exit status: 1 when something
// failed.

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "tests/torture/calls.h"
#include "tests/torture/model.h"
#include "tests/torture/pages.h"
#include "tests/torture/random.h"

enum {
    EPISODE_OPERATIONS = 200 * 1000,  // of all threads together
    // What may stay when all blocks are back and the program has gone on a little, and how long it may take to sink.
    RESIDENT_MOST_MIB = 64,
    RESIDENT_MOST_MIB_LONG_PAGES = 96,  // of more than 4 KiB: one that is free only in part stays
    SETTLE_S = 5,
    SETTLE_BLOCKS = 1000,
    SETTLE_BYTES = 64,
};

static uint64_t seed_of_episode(uint64_t seed, unsigned long number) {
    return (seed ^ number) * 0xd6e8feb86659fd93u ^ number;
}

static struct episode nth_episode(uint64_t seed, unsigned long number, size_t threads, size_t operations) {
    struct episode episode = {.seed = seed_of_episode(seed, number), .threads = threads};
    for (size_t i = 0; i < threads; i++) episode.parts[i].count = operations / threads;
    return episode;
}

struct plan {
    double operations;
    size_t threads;
    uint64_t seed;
    unsigned long first;
};

static size_t episode_operations(const struct plan* plan, double done) {
    double left = plan->operations - done;
    return left < EPISODE_OPERATIONS ? (size_t)left : EPISODE_OPERATIONS;
}

static void work_a_little(void) {
    static void* blocks[SETTLE_BLOCKS];
    for (size_t i = 0; i < SETTLE_BLOCKS; i++) blocks[i] = calls_take(TAKE_PLAIN, 0, SETTLE_BYTES);
    for (size_t i = 0; i < SETTLE_BLOCKS; i++) calls_give(blocks[i]);
    usleep(1000);
}

static size_t resident_most_mib(void) {
    return sysconf(_SC_PAGESIZE) > 4096 ? RESIDENT_MOST_MIB_LONG_PAGES : RESIDENT_MOST_MIB;
}

// Memory that was in use over and over again may stay for a while. Result: what is resident above `before` after little
// work, when it is no more than it may be, or has not become less for a while.
static size_t settled_bytes(size_t before) {
    size_t least = SIZE_MAX;
    for (time_t since = time(NULL); time(NULL) - since <= SETTLE_S; work_a_little()) {
        size_t now = model_resident_bytes();
        now = now > before ? now - before : 0;
        if (now < least) since = time(NULL);
        if (now < least) least = now;
        if (least >> 20 <= resident_most_mib()) break;
    }
    return least;
}

// The process that plays all episodes.
static void play_all(const struct plan* plan) {
    size_t before = model_resident_bytes();
    double done = (double)plan->first * EPISODE_OPERATIONS;
    for (unsigned long number = plan->first; done < plan->operations; number++) {
        atomic_store(&account->episode, number);
        struct episode episode = nth_episode(plan->seed, number, plan->threads, episode_operations(plan, done));
        episode_play(&episode);
        done += EPISODE_OPERATIONS;
        atomic_fetch_add(&account->operations, episode.parts[0].count * plan->threads);
        if (isatty(STDERR_FILENO)) {
            dprintf(STDERR_FILENO, "%.1f of %.1f million operations ...\r", done / 1e6, plan->operations / 1e6);
        }
    }
    size_t resident = settled_bytes(before);
    if (resident >> 20 > resident_most_mib()) {
        model_fail("%zu MiB are resident after everything was given back", resident >> 20);
    }
    printf("%zu MiB resident at the end\n", resident >> 20);
    fflush(stdout);
}

static void explain(const struct plan* plan) {
    unsigned long number = atomic_load(&account->episode);
    double done = (double)number * EPISODE_OPERATIONS;
    struct episode episode = nth_episode(plan->seed, number, plan->threads, episode_operations(plan, done));
    dprintf(STDERR_FILENO, "torture: %s\n", account->sentence);
    dprintf(STDERR_FILENO, "Seed %llu, episode %lu. Again: random %.0f %zu %llu %lu\n", (unsigned long long)plan->seed,
            number, done + EPISODE_OPERATIONS, plan->threads, (unsigned long long)plan->seed, number);
    episode_shrink(&episode);
}

static double number_in(const char* text, double least, double most) {
    char* end = NULL;
    errno = 0;
    double number = strtod(text, &end);
    if (errno == 0 && *end == '\0' && end != text && number >= least && number <= most) return number;
    dprintf(STDERR_FILENO,
            "random: '%s' is no number from %.0f to %.0f\nusage: random [OPERATIONS [THREADS [SEED [FIRST]]]]\n", text,
            least, most);
    exit(2);
}

int main(int count, char** arguments) {
    struct plan plan = {.operations = 1e7, .threads = 8};
    if (count > 1) plan.operations = number_in(arguments[1], 1, 1e18);
    if (count > 2) plan.threads = (size_t)number_in(arguments[2], 1, THREADS_MOST);
    if (getrandom(&plan.seed, sizeof plan.seed, 0) < 0) plan.seed = (uint64_t)getpid();
    plan.seed >>= 32;
    if (count > 3) plan.seed = (uint64_t)number_in(arguments[3], 0, 4294967295.0);
    if (count > 4) plan.first = (unsigned long)number_in(arguments[4], 0, 1e15);
    account = pages_take(sizeof *account, MAP_SHARED);
    printf("%s: %.0f operations, %zu threads, seed %llu\n", calls_whose(), plan.operations, plan.threads,
           (unsigned long long)plan.seed);
    fflush(stdout);
    pid_t process = fork();
    if (process < 0) {
        perror("random: no process");
        return 2;
    }
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        play_all(&plan);
        _exit(0);
    }
    if (!process_failed(process)) return 0;
    explain(&plan);
    return 1;
}

// random.h: one episode of the random test, and how a failing one is made short. random.c has the test as a whole.

#ifndef TORTURE_RANDOM_H
#define TORTURE_RANDOM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { THREADS_MOST = 64 };

// What one thread of an episode does: the operations of these indices, or, without a list, the first `count`.
struct part {
    const uint32_t* indices;
    size_t count;
};

struct episode {
    uint64_t seed;
    size_t threads;
    struct part parts[THREADS_MOST];
    bool traces;
};

// What a process says of itself, in memory that it shares with its parent.
struct account {
    atomic_ulong episode;  // the number of the one that is played
    atomic_ulong played[THREADS_MOST];
    atomic_ulong operations;  // of all episodes that have ended
    atomic_bool has_failed;   // the sentence will be, or is there
    char sentence[240];
};

extern struct account* account;

// Plays an episode in this process. A failure writes its sentence into the account and ends the process.
void episode_play(const struct episode* episode);

// Plays an episode in a process of its own. Result: whether it failed; the account says how.
bool episode_fails(const struct episode* episode);

// Waits for a process that plays. Result: whether it failed; the account says how. Ends a process that makes no
// progress.
bool process_failed(int process);

// Looks for the shortest part of a failing episode that fails too, and prints it as C.
void episode_shrink(const struct episode* failing);

#endif

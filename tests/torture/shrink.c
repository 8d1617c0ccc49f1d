// shrink.c: makes a failing episode short by delta debugging (Zeller and Hildebrandt, 2002): leaves out ever smaller
// pieces of the sequence as long as the rest still fails.

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/torture/pages.h"
#include "tests/torture/random.h"

// A race fails now and then. What did not fail in so many tries counts as right.
enum { TRIES_WITH_THREADS = 5, TRIES_MOST = 4000, TRIES_MOST_WITH_THREADS = 400 };

// The operations of all threads, those of thread 0 first.
struct sequence {
    size_t count;
    struct entry {
        uint32_t thread;
        uint32_t index;
    } * entries;
};

static uint32_t* indices;  // of the episode that is tried

static struct episode episode_of(const struct sequence* sequence, const struct episode* like, bool traces) {
    struct episode episode = {.seed = like->seed, .threads = 1, .traces = traces};
    for (size_t i = 0; i < sequence->count; i++) {
        const struct entry* entry = &sequence->entries[i];
        indices[i] = entry->index;
        struct part* part = &episode.parts[entry->thread];
        if (part->indices == NULL) part->indices = &indices[i];
        part->count++;
        if (entry->thread >= episode.threads) episode.threads = entry->thread + 1;
    }
    // A thread without operations has an empty list, and not the first of all.
    for (size_t i = 0; i < episode.threads; i++) {
        if (episode.parts[i].indices == NULL) episode.parts[i].indices = indices;
    }
    return episode;
}

static int tries_left;

static bool fails(const struct sequence* sequence, const struct episode* like) {
    struct episode episode = episode_of(sequence, like, false);
    int tries = episode.threads > 1 ? TRIES_WITH_THREADS : 1;
    while (tries-- > 0 && tries_left-- > 0) {
        if (episode_fails(&episode)) return true;
    }
    return false;
}

// Everything but the entries from `from` to end - 1.
static struct sequence without(const struct sequence* sequence, size_t from, size_t end, struct entry* place) {
    memcpy(place, sequence->entries, from * sizeof *place);
    memcpy(place + from, sequence->entries + end, (sequence->count - end) * sizeof *place);
    return (struct sequence){sequence->count - (end - from), place};
}

static void shrink(struct sequence* sequence, const struct episode* like, struct entry* spare) {
    for (size_t piece = sequence->count / 2; piece > 0 && tries_left > 0;) {
        bool shorter = false;
        for (size_t end = sequence->count; end > 0 && tries_left > 0;) {
            size_t from = end > piece ? end - piece : 0;
            struct sequence rest = without(sequence, from, end, spare);
            if (fails(&rest, like)) {
                spare = sequence->entries;
                *sequence = rest;
                shorter = true;
            }
            end = from;
        }
        if (isatty(STDERR_FILENO)) dprintf(STDERR_FILENO, "shrinking: %zu operations are left ...\r", sequence->count);
        // One at a time as often as that helps: what goes last may make others needless.
        if (piece > 1 || !shorter) piece /= 2;
    }
}

void episode_shrink(const struct episode* failing) {
    size_t all = 0;
    for (size_t i = 0; i < failing->threads; i++) all += failing->parts[i].count;
    struct entry* entries = pages_take(all * sizeof *entries, MAP_PRIVATE);
    struct entry* spare = pages_take(all * sizeof *spare, MAP_PRIVATE);
    indices = pages_take(all * sizeof *indices, MAP_PRIVATE);
    struct sequence sequence = {0, entries};
    for (size_t thread = 0; thread < failing->threads; thread++) {
        for (size_t i = 0; i < failing->parts[thread].count; i++) {
            entries[sequence.count++] = (struct entry){(uint32_t)thread, (uint32_t)i};
        }
    }
    tries_left = failing->threads > 1 ? TRIES_MOST_WITH_THREADS : TRIES_MOST;
    if (!fails(&sequence, failing)) {
        dprintf(STDERR_FILENO, "It does not fail again: a race, or it needs what was before.\n");
        return;
    }
    shrink(&sequence, failing, spare);
    dprintf(STDERR_FILENO, "The shortest sequence that fails has %zu operations:\n", sequence.count);
    struct episode shortest = episode_of(&sequence, failing, true);
    for (int tries = 0; tries < TRIES_WITH_THREADS && !episode_fails(&shortest); tries++) continue;
    dprintf(STDERR_FILENO, "    // %s\n", account->sentence);
}

// episode.c: plays an episode of the random test: some threads, each with a sequence; see random.h.

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/torture/calls.h"
#include "tests/torture/model.h"
#include "tests/torture/pages.h"
#include "tests/torture/random.h"
#include "tests/torture/sequence.h"

enum { FAILED = 3, NOTE_EVERY = 256, HUNG_S = 120 };

struct account* account;

static struct mailbox mailboxes[MAILBOXES];
static struct profile profile;

static void report(const char* sentence) {
    if (!atomic_exchange(&account->has_failed, true)) {
        snprintf(account->sentence, sizeof account->sentence, "%s", sentence);
        _exit(FAILED);
    }
    while (true) pause();  // another thread was first, and ends the process
}

struct job {
    const struct episode* episode;
    struct player* player;
};

static void* play_part(void* argument) {
    const struct job* job = argument;
    struct player* player = job->player;
    const struct episode* episode = job->episode;
    const struct part* part = &episode->parts[player->thread];
    for (size_t i = 0; i < part->count; i++) {
        size_t index = part->indices == NULL ? i : part->indices[i];
        // Before the operation, so that a crash leaves its number; not each time, because all threads write to one
        // line.
        if (part->indices != NULL || i % NOTE_EVERY == 0)
            atomic_store(&account->played[player->thread], i + NOTE_EVERY);
        player_play(player, operation_at(episode->seed, player->thread, index));
    }
    // In half of the episodes a thread ends before its blocks do.
    if (episode->seed % 2 == 0) player_end(player);
    return NULL;
}

void episode_play(const struct episode* episode) {
    static struct player* players;
    if (players == NULL) players = pages_take(THREADS_MOST * sizeof *players, MAP_PRIVATE);
    model_report = report;
    profile = profile_of(episode->seed);
    pthread_t threads[THREADS_MOST];
    struct job jobs[THREADS_MOST];
    for (size_t i = 0; i < episode->threads; i++) {
        memset(&players[i], 0, offsetof(struct player, blocks));
        players[i].profile = &profile;
        players[i].mailboxes = mailboxes;
        players[i].thread = i;
        players[i].traces = episode->traces;
        jobs[i] = (struct job){episode, &players[i]};
        if (pthread_create(&threads[i], NULL, play_part, &jobs[i]) != 0) {
            perror("torture: no thread");
            _exit(2);
        }
    }
    for (size_t i = 0; i < episode->threads; i++) {
        pthread_join(threads[i], NULL);
        player_end(&players[i]);
    }
    mailboxes_empty(&players[0]);
    calls_check_heap();
}

bool process_failed(int process) {
    unsigned long before = 0;
    for (int quiet_s = 0; quiet_s < HUNG_S; quiet_s++) {
        // Looks more often at first: most episodes of a shrinking are short.
        for (int look = 0; look < 200; look++) {
            int status = 0;
            if (waitpid(process, &status, WNOHANG) == process) {
                if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return false;
                if (WIFEXITED(status) && WEXITSTATUS(status) == FAILED) return true;
                if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
                snprintf(account->sentence, sizeof account->sentence, "signal %d (%s)", WTERMSIG(status),
                         strsignal(WTERMSIG(status)));
                return true;
            }
            nanosleep(&(struct timespec){.tv_nsec = look < 20 ? 200000 : 5500000}, NULL);
        }
        unsigned long now = atomic_load(&account->operations);
        for (size_t i = 0; i < THREADS_MOST; i++) now += atomic_load(&account->played[i]);
        if (now != before) quiet_s = 0;
        before = now;
    }
    kill(process, SIGKILL);
    waitpid(process, NULL, 0);
    snprintf(account->sentence, sizeof account->sentence, "no call returned for %d s", HUNG_S);
    return true;
}

bool episode_fails(const struct episode* episode) {
    atomic_store(&account->has_failed, false);
    pid_t process = fork();
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        episode_play(episode);
        _exit(0);
    }
    if (process < 0) {
        perror("torture: no process");
        _exit(2);
    }
    return process_failed(process);
}

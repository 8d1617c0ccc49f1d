// watch.c: see watch.h.

#include "tests/suite/support/watch.h"

#include <dirent.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/screen.h"
#include "tests/suite/support/traits.h"

enum {
    SLOTS = 256,
    TICKS_A_SECOND = 4,
    ASLEEP_S = 5,
    COMPUTING_S = 10,
    COMPUTING_ITSELF_S = 1,
    TEST_S = 60,
    IDLE_MS = 20,  // what the watch itself uses in a tick, and some
    STACK_BYTES = 256 * 1024,
};

static struct noted_call slots[SLOTS];
static clockid_t cpu_clocks[SLOTS];  // of the threads whose slots they are
static atomic_size_t slots_taken;
static _Thread_local struct noted_call* own_slot;
static atomic_size_t ticks;
static void (*before_ending)(const char* why);

static void know_clock(void) {
    if (pthread_getcpuclockid(pthread_self(), &cpu_clocks[own_slot - slots]) != 0) abort();
}

struct noted_call* watch_slot(void) {
    if (own_slot == NULL) {
        own_slot = &slots[slots_taken++ % SLOTS];
        know_clock();
    }
    return own_slot;
}

size_t watch_clock(void) { return ticks; }

static double multiplier(void) {
    const char* text = getenv("CK_TIMEOUT_MULTIPLIER");
    double times = text == NULL ? 1 : strtod(text, NULL);
    return times > 0 ? times : 1;
}

// The clock of a thread that has ended stands at 0.
static double cpu_s(clockid_t clock) {
    struct timespec used = {0};
    clock_gettime(clock, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

// Whether any thread but this one runs or wants to: R, or D, which waits for the disk or a page.
static bool somebody_runs(void) {
    char path[64];
    bool runs = false;
    DIR* tasks = opendir("/proc/self/task");
    if (tasks == NULL) return true;  // nothing is known, and so nobody is accused
    const struct dirent* entry;
    while (!runs && (entry = readdir(tasks)) != NULL) {
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == gettid()) continue;
        snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", entry->d_name);
        FILE* file = fopen(path, "r");
        if (file == NULL) continue;
        char line[512] = "";
        const char* name_end = fgets(line, sizeof line, file) == NULL ? NULL : strrchr(line, ')');
        fclose(file);
        runs = name_end != NULL && (name_end[2] == 'R' || name_end[2] == 'D');
    }
    closedir(tasks);
    return runs;
}

// A test that waits for a process which it has started is not asleep.
static bool has_children(void) {
    siginfo_t child;
    return waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// The calls that have not come back for so many ticks, in words. Result: how many they are.
static size_t describe_calls(char* text, size_t bytes, size_t age) {
    size_t found = 0;
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < SLOTS; i++) {
        const struct noted_call* call = &slots[i];
        if (call->name == NULL || call->returned || ticks - call->begun < age) continue;
        if (++found > 4 || length + 1 >= bytes) continue;
        int written = snprintf(text + length, bytes - length, "%s%s", found == 1 ? "" : ", ", call_in_words(call));
        if (written > 0) length += (size_t)written < bytes - length ? (size_t)written : bytes - length - 1;
    }
    return found;
}

static void end_hanging(const char* what, const char* where, const char* question) {
    char text[1024];
    snprintf(text, sizeof text, "it hangs: %s %s; %s", what, where, question);
    if (before_ending != NULL) before_ending(text);
    fail_test("%s", text);
}

// A thread can also wait for ever where no call is: in a key destructor, in a function of atexit.
static void end_asleep(size_t age) {
    char calls[512];
    const char* what = "all threads have been asleep for 5 s,";
    if (describe_calls(calls, sizeof calls, age) == 0) {
        end_hanging(what, "and none is in a call: it is the end of a thread, or of the process, that waits",
                    "does a key destructor or a function of atexit take a lock that it already holds?");
    }
    char where[520];
    snprintf(where, sizeof where, "in %s", calls);
    end_hanging(what, where,
                "does a call take a lock that it already holds, or leave without giving it back, do two calls take two "
                "locks in "
                "different orders, or does a lock made by hand miss a wake-up?");
}

// computing: how many threads use CPU time in a call that does not come back. One of several may hold what the others
// wait for, but as often none of them is on its way to an end.
static void end_computing(double times, size_t computing) {
    char calls[512];
    if (describe_calls(calls, sizeof calls, (size_t)(times * COMPUTING_S * TICKS_A_SECOND / 2)) == 0) return;
    end_hanging("after 10 s of CPU time there is no way back from", calls,
                computing < 2 ? "does it walk a list that has become a ring, or try the same again and again?"
                              : "do two spin locks wait for each other (one call takes A, then B, another B, then A), "
                                "is one never given back, or does who holds it walk a ring?");
}

// How many calls have begun in all; 0 while one of them is under way.
static size_t calls_so_far(void) {
    size_t begun = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        if (slots[i].name != NULL && !slots[i].returned) return 0;
        begun += slots[i].number;
    }
    return begun;
}

// A thread that has done its work computes, and makes no call. now_s: CPU time of the process.
static void look_at_endings(double now_s, double times) {
    static size_t seen_calls;
    static double seen_s;
    size_t calls = calls_so_far();
    if (calls == 0 || calls != seen_calls || ending_threads() == 0) {
        seen_calls = calls;
        seen_s = now_s;
    } else if (now_s - seen_s >= times * COMPUTING_S) {
        end_hanging("a thread has done its work, and after 10 s of CPU time it has not ended,",
                    "though it is in no call", "does a key destructor compute for ever?");
    }
}

// What the C library maps for this thread when it first asks for memory shall not look as if the test had grown.
static sem_t ready;

static void* look(void* unused) {
    (void)unused;
    somebody_runs();
    sem_post(&ready);
    size_t asleep_ticks = 0;
    size_t seen_number[SLOTS] = {0};
    double seen_cpu_s[SLOTS] = {0};
    double seen_own_s[SLOTS] = {0};
    double times = multiplier();
    double before_s = cpu_s(CLOCK_PROCESS_CPUTIME_ID);
    for (;;) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000000L / TICKS_A_SECOND}, NULL);
        ticks++;
        screen_shows_progress();
        double now_s = cpu_s(CLOCK_PROCESS_CPUTIME_ID);
        bool idle = now_s - before_s < IDLE_MS / 1e3 && !somebody_runs() && !has_children();
        before_s = now_s;
        asleep_ticks = idle ? asleep_ticks + 1 : 0;
        size_t patience = (size_t)(times * ASLEEP_S * TICKS_A_SECOND);
        if (asleep_ticks >= patience) {
            end_asleep(patience);
        }
        for (size_t i = 0; i < SLOTS; i++) {
            const struct noted_call* call = &slots[i];
            if (call->name == NULL || call->returned || call->number != seen_number[i]) {
                seen_number[i] = call->number;
                seen_cpu_s[i] = now_s;
                seen_own_s[i] = call->name == NULL ? 0 : cpu_s(cpu_clocks[i]);
            } else if (now_s - seen_cpu_s[i] >= times * COMPUTING_S &&
                       cpu_s(cpu_clocks[i]) - seen_own_s[i] >= times * COMPUTING_ITSELF_S) {
                size_t computing = 0;
                for (size_t j = 0; j < SLOTS; j++) {
                    if (slots[j].name == NULL || slots[j].returned || slots[j].number != seen_number[j]) continue;
                    if (cpu_s(cpu_clocks[j]) - seen_own_s[j] >= times * COMPUTING_ITSELF_S / 2) computing++;
                }
                end_computing(times, computing);
                seen_cpu_s[i] = now_s;
            }
        }
        look_at_endings(now_s, times);
        if (now_s >= times * TEST_S) {
            fail_test("the test has computed for %d s, and is not over: the calls are far too slow (now in %s)", TEST_S,
                      call_in_words(&slots[0]));
        }
    }
    return NULL;
}

void watch_test(void (*when_hanging)(const char* why)) {
    if (under_a_tool()) return;
    before_ending = when_hanging;
    watch_slot();  // the first is the thread that runs the test
    know_clock();  // it may have its slot from before a fork
    pthread_attr_t attributes;
    pthread_t watcher;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sem_init(&ready, 0, 0);
    if (pthread_create(&watcher, &attributes, look, NULL) != 0) return;  // Check's own limit of time is left
    while (sem_wait(&ready) != 0) continue;
    pthread_attr_destroy(&attributes);
}

// threads_put_aside.c: one thread is put aside after an instruction of a call, each of them in turn, while another one
// makes calls. The second half of threads.c.
//
// The system may do that at any time, and hardly ever does it where it hurts: between a thread that has read the first
// block of a list and its compare-and-swap there are three instructions. So nothing is left to chance here. The thread
// goes step by step (the trap flag of x86-64); when its turn has come, the signal handler that each step calls waits
// for the calls of the other one. Where these wait for the first thread, as for a lock that it holds, it goes on, and
// nothing is proved. What is seen, a block that two have, is wrong on every machine.

#define _GNU_SOURCE  // REG_EFL, gettid

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

#if defined __x86_64__ && defined __linux__

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { TRAP_FLAG = 0x100 };

// Of this many bytes each, so many blocks lie free when the call begins, and so many are taken after it.
static const size_t sizes[] = {40, 700, 5000};
enum { FREE_BEFORE = 6, TAKEN_AFTER = 6 };

static size_t size;

// What is done: the call of the first thread, and meanwhile those of the other.
typedef enum Way { TAKES_ASIDE, FREES_ASIDE, WAYS } Way;
static const char* const calls_aside[] = {"xmalloc", "xfree"};

static struct {
    Way way;
    size_t steps;      // that the call of the first thread has made
    size_t put_aside;  // after so many
    bool is_over;
    bool was_waited_for;  // the other has not come to its end meanwhile
    sem_t begins;
    sem_t ends;
    atomic_long other;  // the id of the other thread
    clockid_t cpu_of_other;
    char* taken[2];  // of the other thread; the first one was freed again
} aside;

// Whether the other thread sleeps: its state is the third word of its file. Called by a signal handler, so it allocates
// nothing.
static bool other_sleeps(void) {
    char path[64];
    char text[64] = {0};
    snprintf(path, sizeof path, "/proc/self/task/%ld/stat", (long)aside.other);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return true;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    const char* name_ends = length <= 0 ? NULL : strrchr(text, ')');
    return name_ends == NULL || name_ends[1] == '\0' || name_ends[2] == 'S';
}

static double cpu_of_other_s(void) {
    struct timespec used = {0};
    clock_gettime(aside.cpu_of_other, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

// Until the other has made its calls, or cannot: it sleeps, or spins. It is not the time that decides, for on a busy
// machine it may be long until its turn comes.
static void let_other_call(void) {
    enum { MOST_ASLEEP = 3, LOOK_NS = 300000 };
    const double most_cpu_s = 0.003;
    double most = cpu_of_other_s() + most_cpu_s;
    sem_post(&aside.begins);
    for (int asleep = 0; asleep < MOST_ASLEEP && cpu_of_other_s() < most;) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += LOOK_NS;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        if (sem_timedwait(&aside.ends, &until) == 0) return;
        asleep = other_sleeps() ? asleep + 1 : 0;
    }
    aside.was_waited_for = true;
}

static void step(int signal, siginfo_t* info, void* context) {
    (void)signal;
    (void)info;
    greg_t* flags = &((ucontext_t*)context)->uc_mcontext.gregs[REG_EFL];
    aside.steps++;
    if (aside.steps < aside.put_aside) return;
    *flags &= ~(greg_t)TRAP_FLAG;
    if (aside.steps == aside.put_aside) let_other_call();
}

static void begin_steps(void) { __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() | TRAP_FLAG); }
static void end_steps(void) { __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~(unsigned)TRAP_FLAG); }

static char* take_one(void) {
    char* block = call_xmalloc(size);
    if (block == NULL) fail_test("%s returned NULL although there is memory", last_call());
    return block;
}

// Another block than the first is in front of the list now, and yet the first is in front again: what another thread
// read before is not true any more.
static void take_two_and_free_one(void) {
    for (int i = 0; i < 2; i++) aside.taken[i] = take_one();
    call_xfree(aside.taken[0], size);
}

static void call_meanwhile(void) {
    aside.cpu_of_other = 0;
    pthread_getcpuclockid(pthread_self(), &aside.cpu_of_other);
    aside.other = syscall(SYS_gettid);
    take_two_and_free_one();
    call_xfree(aside.taken[1], size);
    sem_post(&aside.ends);
    for (;;) {
        while (sem_wait(&aside.begins) != 0) {
        }
        if (aside.is_over) return;
        take_two_and_free_one();
        sem_post(&aside.ends);
    }
}

static void fail_as_given_twice(const char* block, const char* who) {
    fail_test(
        "the live block %p of %zu bytes was handed out a second time, to %s: one thread was put aside after %zu "
        "instructions of %s, and meanwhile another one took two blocks of %zu bytes and freed the first of them again. "
        "Is the lock held up to the last write of each call, and given back once? Without a lock: the first block of a "
        "list may be the same as before although the list is another one",
        (const void*)block, size, who, aside.put_aside, calls_aside[aside.way], size);
}

// A round of the first thread. Result: the steps of its call, up to where it was put aside.
static size_t be_put_aside(size_t after) {
    char* live[FREE_BEFORE + TAKEN_AFTER + 2];
    size_t count = 0;
    for (; count < FREE_BEFORE; count++) live[count] = take_one();
    while (count > 1) call_xfree(live[--count], size);
    aside.steps = 0;
    aside.put_aside = after;
    aside.was_waited_for = false;
    begin_steps();
    if (aside.way == TAKES_ASIDE) {
        live[count] = call_xmalloc(size);
    } else {
        call_xfree(live[0], size);
    }
    end_steps();
    size_t steps = aside.steps;
    if (aside.way == FREES_ASIDE) {
        count = 0;
    } else if (live[count++] == NULL) {
        fail_test("%s returned NULL although there is memory", last_call());
    }
    if (steps < after) {  // the call was over before
        sem_post(&aside.begins);
        aside.was_waited_for = true;
    }
    if (aside.was_waited_for) {
        while (sem_wait(&aside.ends) != 0) {
        }
    }
    for (size_t i = 0; i < TAKEN_AFTER; i++) live[count++] = call_xmalloc(size);
    live[count++] = aside.taken[1];
    for (size_t i = 0; i < count; i++) {
        if (live[i] == NULL) fail_test("%s returned NULL although there is memory", last_call());
        for (size_t k = 0; k < i; k++) {
            size_t apart = live[i] > live[k] ? (size_t)(live[i] - live[k]) : (size_t)(live[k] - live[i]);
            if (apart < size) {
                fail_as_given_twice(live[i], i == count - 1 ? "both threads" : "the same thread");
            }
        }
    }
    while (count > 0) call_xfree(live[--count], size);
    return steps;
}

// Each instruction in turn; behind one where the other had to wait, twice as many are passed over as before.
static void go_through(Way way) {
    enum { MOST_STEPS = 200, ROUNDS_FOR_SURE = 3 };
    aside.way = way;
    size_t last = 0;
    for (int i = 0; i < ROUNDS_FOR_SURE; i++) last = be_put_aside(MOST_STEPS);
    for (size_t after = 1, over = 1; after <= last; after += over) {
        be_put_aside(after);
        over = aside.was_waited_for ? 2 * over : 1;
    }
}

// Not every machine can, nor every emulator.
static bool can_step(void) {
    aside.put_aside = SIZE_MAX;
    begin_steps();
    end_steps();
    return aside.steps > 0;
}

static void put_aside_or_call(size_t index) {
    if (index == 1) {
        call_meanwhile();
        return;
    }
    while (sem_wait(&aside.ends) != 0) {
    }
    if (can_step()) {
        for (int way = 0; way < WAYS; way++) go_through((Way)way);
    }
    aside.is_over = true;
    sem_post(&aside.begins);
}

START_TEST(a_thread_put_aside_in_a_call_does_not_get_a_block_in_use) {
    if (!tests_have_processes()) return;  // a debugger wants the steps for itself
    size = sizes[_i];
    sem_init(&aside.begins, 0, 0);
    sem_init(&aside.ends, 0, 0);
    struct sigaction action = {.sa_sigaction = step, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, NULL);
    run_threads(2, put_aside_or_call);
}
END_TEST

void add_threads_put_aside(TCase* topic) {
    if (under_a_tool()) return;
    add_long_loop_test(topic, a_thread_put_aside_in_a_call_does_not_get_a_block_in_use, 0,
                       sizeof sizes / sizeof sizes[0]);
}

#else

void add_threads_put_aside(TCase* topic) { (void)topic; }

#endif

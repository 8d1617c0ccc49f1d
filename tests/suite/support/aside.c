#define _GNU_SOURCE  // REG_EFL, gettid

#include "tests/suite/support/aside.h"

#if CAN_PUT_ASIDE

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { TRAP_FLAG = 0x100 };

static struct {
    size_t steps;
    size_t first;   // is put aside, if that comes before
    size_t after;   // is put aside
    size_t worked;  // so often the other has been told to
    bool was_waited_for;
    Other* other;
} now;

// Whether the other thread sleeps: its state is the third word of its file. Called by a signal handler, so it allocates
// nothing.
static bool sleeps(const Other* other) {
    char path[64];
    char text[64] = {0};
    snprintf(path, sizeof path, "/proc/self/task/%ld/stat", (long)other->id);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return true;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    const char* name_ends = length <= 0 ? NULL : strrchr(text, ')');
    return name_ends == NULL || name_ends[1] == '\0' || name_ends[2] == 'S';
}

static double cpu_s(const Other* other) {
    struct timespec used = {0};
    clock_gettime(other->cpu, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

// Until the other one has worked, or cannot: it sleeps, or spins. It is not the time that decides, for on a busy
// machine it may be long until its turn comes.
static void let_other_work(void) {
    enum { MOST_ASLEEP = 3, LOOK_NS = 300000 };
    const double most_cpu_s = 0.003;
    double most = cpu_s(now.other) + most_cpu_s;
    now.worked++;
    sem_post(&now.other->begins);
    for (int asleep = 0; asleep < MOST_ASLEEP && cpu_s(now.other) < most;) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += LOOK_NS;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        if (sem_timedwait(&now.other->ends, &until) == 0) return;
        asleep = sleeps(now.other) ? asleep + 1 : 0;
    }
    now.was_waited_for = true;
}

// Some allocators block all signals while they hold a lock, and pthread_create does. A step would end the process then.
static bool will_block_signals(const greg_t* registers) {
    const unsigned char* next = (const unsigned char*)registers[REG_RIP];
    return next[0] == 0x0f && next[1] == 0x05 && registers[REG_RAX] == SYS_rt_sigprocmask;  // syscall
}

static void step(int signal, siginfo_t* info, void* context) {
    (void)signal;
    (void)info;
    greg_t* registers = ((ucontext_t*)context)->uc_mcontext.gregs;
    now.steps++;
    if (now.steps >= now.after || will_block_signals(registers)) registers[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    if (now.steps != now.first && now.steps != now.after) return;
    if (!now.was_waited_for) let_other_work();
}

// What was written before is written before the first step.
static void begin_steps(void) {
    atomic_signal_fence(memory_order_seq_cst);
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() | TRAP_FLAG);
    atomic_signal_fence(memory_order_seq_cst);
}

static void end_steps(void) {
    atomic_signal_fence(memory_order_seq_cst);
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~(unsigned)TRAP_FLAG);
    atomic_signal_fence(memory_order_seq_cst);
}

bool can_be_put_aside(void) {
    struct sigaction action = {.sa_sigaction = step, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, NULL);
    now.steps = 0;
    now.first = now.after = (size_t)-1;
    begin_steps();
    end_steps();
    return now.steps > 0;
}

static void wait_for(sem_t* what) {
    while (sem_wait(what) != 0) {
    }
}

void make_other(Other* other) {
    sem_init(&other->begins, 0, 0);
    sem_init(&other->ends, 0, 0);
}

void serve_as_other(Other* other) {
    pthread_getcpuclockid(pthread_self(), &other->cpu);
    other->id = syscall(SYS_gettid);
    for (;;) {
        wait_for(&other->begins);
        if (other->work == NULL) return;
        other->work();
        sem_post(&other->ends);
    }
}

void let_end(Other* other) {
    other->work = NULL;
    sem_post(&other->begins);
}

void let_work(Other* other, void (*work)(void)) {
    other->work = work;
    sem_post(&other->begins);
    wait_for(&other->ends);
}

Aside put_aside_twice(size_t first, size_t after, void (*call)(void), Other* other, void (*work)(void)) {
    size_t times = first < after ? 2 : 1;
    now.steps = 0;
    now.first = first;
    now.after = after;
    now.worked = 0;
    now.was_waited_for = false;
    now.other = other;
    other->work = work;
    begin_steps();
    call();
    end_steps();
    if (now.was_waited_for) wait_for(&other->ends);
    bool was_over = now.worked < times;
    for (; now.worked < times; now.worked++) let_work(other, work);
    return (Aside){.steps = now.steps, .was_waited_for = now.was_waited_for || was_over};
}

Aside put_aside(size_t after, void (*call)(void), Other* other, void (*work)(void)) {
    return put_aside_twice(after, after, call, other, work);
}

#endif

// limits.c: an allocator in a process that is limited, forks, ends in the middle, or is built in an unusual way.
//
// Usage: limits [NAME]. Each case runs in a process of its own and prints a line of TAP; NAME runs one alone. Every
// case plays random calls against the model heap, so a lost or changed block is found whatever else happens.

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/torture/calls.h"
#include "tests/torture/model.h"
#include "tests/torture/pages.h"
#include "tests/torture/sequence.h"

enum { THREADS = 4, OPERATIONS = 4000, HUNG_S = 120, SEED = 6 };

static struct profile profile;
static struct mailbox mailboxes[MAILBOXES];
static struct player* players;  // one for each thread, and one more

static bool always(void) { return true; }

static void play(size_t who, size_t from, size_t end) {
    for (size_t i = from; i < end; i++) player_play(&players[who], operation_at(SEED, who, i));
}

static void* play_in_thread(void* who) {
    play((size_t)who, 0, OPERATIONS);
    return NULL;
}

static void end_all(void) {
    for (size_t who = 0; who <= THREADS; who++) player_end(&players[who]);
    mailboxes_empty(&players[0]);
    calls_check_heap();
}

static pthread_t threads[THREADS];

static void start_threads(void* (*what)(void*), const pthread_attr_t* attributes) {
    for (size_t who = 0; who < THREADS; who++) {
        if (pthread_create(&threads[who], attributes, what, (void*)who) != 0) model_fail("no thread");
    }
}

static void join_threads(void) {
    for (size_t who = 0; who < THREADS; who++) pthread_join(threads[who], NULL);
}

// ---- Limits ---------------------------------------------------------------------------------------------------------

// Plays when only so much more of a resource is left, and then without the limit. field: what the process has of it by
// now, in /proc/self/statm.
static void under_limit(int which, int field, rlim_t more) {
    play(0, 0, 10);  // the model takes what it needs
    char text[200] = {0};
    int statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (statm < 0 || read(statm, text, sizeof text - 1) <= 0) model_fail("/proc/self/statm cannot be read");
    close(statm);
    rlim_t pages = 0;
    char* at = text;
    for (int i = 0; i <= field; i++) pages = strtoul(at, &at, 10);
    struct rlimit before;
    getrlimit(which, &before);
    setrlimit(which, &(struct rlimit){pages * (rlim_t)sysconf(_SC_PAGESIZE) + more, before.rlim_max});
    players[0].excuses = always;
    play(0, 0, 4 * OPERATIONS);
    setrlimit(which, &before);
    if (players[0].refusals == 0) model_fail("the limit was never met, so this shows nothing");
    players[0].excuses = NULL;
    play(0, 0, OPERATIONS);
}

// Blocks of one length until there are no more, all filled and given back.
static void fill_and_give(size_t bytes) {
    enum { MOST = 64 };
    char* blocks[MOST];
    size_t count = 0;
    while (count < MOST && (blocks[count] = calls_take(TAKE_PLAIN, 16, bytes)) != NULL) {
        memset(blocks[count], 'x', bytes);
        count++;
    }
    for (size_t i = 0; i < count; i++) calls_give(blocks[i]);
}

// Long blocks and short ones take turns in the same few addresses: what one leaves another gets.
static void turns(void) {
    struct rlimit before;
    getrlimit(RLIMIT_AS, &before);
    setrlimit(RLIMIT_AS, &(struct rlimit){(rlim_t)40 << 20, before.rlim_max});
    for (size_t round = 0; round < 40; round++) {
        fill_and_give(2100 * 1000 + round * 30000);
        fill_and_give(100 * 1000 + round * 1000);
        fill_and_give(3000 + round * 1000);
    }
    setrlimit(RLIMIT_AS, &before);
    play(0, 0, OPERATIONS);
}

static void address_space(void) { under_limit(RLIMIT_AS, 0, (rlim_t)24 << 20); }

static void data(void) { under_limit(RLIMIT_DATA, 5, (rlim_t)24 << 20); }

static void small_stacks(void) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 16 * 1024 + sysconf(_SC_THREAD_STACK_MIN));
    start_threads(play_in_thread, &attributes);
    join_threads();
}

// vm.max_map_count is reached: neighbouring pages of different rights are mappings of their own.
static void mappings(void) {
    enum { PAGES = 140000, PAGE = 4096 };
    play(0, 0, OPERATIONS);
    char* pages = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) model_fail("no address space for the pages that use up the mappings");
    size_t page = 0;
    while (page < PAGES && mprotect(pages + page * PAGE, PAGE, PROT_NONE) == 0) page += 2;
    bool all_taken = page < PAGES;
    players[0].excuses = always;
    play(0, OPERATIONS, 3 * OPERATIONS);
    munmap(pages, (size_t)PAGES * PAGE);
    if (!all_taken) model_fail("this kernel has no limit on mappings that %d pages reach", PAGES);
    players[0].excuses = NULL;
    play(0, 0, OPERATIONS);
}

static void no_huge_pages(void) {
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    start_threads(play_in_thread, NULL);
    join_threads();
}

// ---- Processes and threads that come and go -------------------------------------------------------------------------

static void fork_under_load(void) {
    start_threads(play_in_thread, NULL);
    for (int i = 0; i < 40; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(HUNG_S);
            play(THREADS, 0, 200);
            player_end(&players[THREADS]);
            calls_check_heap();
            _exit(0);
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            model_fail("child %d of a fork under load ended with status %#x", i, status);
        }
    }
    join_threads();
}

static void* play_a_little(void* who) {
    static atomic_uint births;
    unsigned from = atomic_fetch_add(&births, 1);
    play((size_t)who, from, from + 40);
    return NULL;
}

// A block outlives the threads that took it, and is given back by another.
static void thread_churn(void) {
    for (int round = 0; round < 200; round++) {
        start_threads(play_a_little, NULL);
        join_threads();
    }
}

static void* play_until_cancelled(void* who) {
    for (size_t i = 0;; i++) {
        play((size_t)who, i, i + 1);
        pthread_testcancel();
    }
    return NULL;
}

static void cancellation(void) {
    for (int round = 0; round < 20; round++) {
        start_threads(play_until_cancelled, NULL);
        usleep(500);
        for (size_t who = 0; who < THREADS; who++) pthread_cancel(threads[who]);
        join_threads();
    }
}

static void* play_for_ever(void* who) {
    for (size_t i = 0;; i++) play((size_t)who, i, i + 1);
    return NULL;
}

static void play_at_exit(void) {
    play(THREADS, 0, 500);
    player_end(&players[THREADS]);
}

// Handlers and destructors allocate while other threads go on.
static void ends_in_the_middle(void (*end)(int)) {
    for (int i = 0; i < 10; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(HUNG_S);
            atexit(play_at_exit);
            at_quick_exit(play_at_exit);
            start_threads(play_for_ever, NULL);
            usleep(300 * i);
            end(0);
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            model_fail("a process that ended in the middle had status %#x", status);
        }
    }
}

static void exit_in_the_middle(void) { ends_in_the_middle(exit); }

static void quick_exit_in_the_middle(void) { ends_in_the_middle(quick_exit); }

// Destructors of thread-specific data may run after the allocator's own, which has given back all that the thread kept.
static pthread_key_t key;

static void play_in_destructor(void* rounds) {
    size_t left = (size_t)rounds - 1;
    for (size_t bytes = 16; bytes <= 1024; bytes *= 2) {
        char* block = calls_take(TAKE_PLAIN, 16, bytes);
        if (block == NULL) model_fail("a destructor found no memory");
        memset(block, 1, bytes);
        calls_give(block);
    }
    if (left > 0) pthread_setspecific(key, (void*)left);
}

static void* leave_a_destructor(void* unused) {
    pthread_setspecific(key, (void*)PTHREAD_DESTRUCTOR_ITERATIONS);
    return unused;
}

// Leaves many free blocks where other threads can take them, a group at a time.
static void leave_free_blocks(void) {
    enum { BLOCKS = 4000 };
    static void* blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) blocks[i] = calls_take(TAKE_PLAIN, 16, 64);
    for (size_t i = 0; i < BLOCKS; i++) calls_give(blocks[i]);
}

static void destructors(void) {
    pthread_key_create(&key, play_in_destructor);
    size_t before = 0;
    for (int round = 0; round < 600; round++) {
        if (round == 100) before = model_resident_bytes();
        leave_free_blocks();
        start_threads(leave_a_destructor, NULL);
        join_threads();
    }
    size_t after = model_resident_bytes();
    if (after > before + ((size_t)4 << 20))
        model_fail("destructors of 2,000 threads have lost %zu KiB", (after - before) >> 10);
}

// ---- What disturbs --------------------------------------------------------------------------------------------------

static atomic_ulong alarms;

static void on_alarm(int number) {
    (void)number;
    atomic_fetch_add(&alarms, 1);
}

static void signals(void) {
    struct sigaction action = {.sa_handler = on_alarm};  // no SA_RESTART: waits are interrupted
    sigaction(SIGALRM, &action, NULL);
    struct itimerval every = {{0, 100}, {0, 100}};
    setitimer(ITIMER_REAL, &every, NULL);
    start_threads(play_in_thread, NULL);
    join_threads();
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    if (atomic_load(&alarms) < 10) model_fail("only %lu signals came", atomic_load(&alarms));
}

// The library's constructor and destructor allocate; in a namespace of its own it has its own C library, too.
static void* load_libraries(void* who) {
    const char* path = getenv("TORTURE_LIBRARY");
    if (path == NULL) model_fail("TORTURE_LIBRARY does not name the library to load");
    for (int i = 0; i < 10; i++) {
        bool apart = (size_t)who == 0;  // the C library has room for few namespaces
        void* library = apart ? dlmopen(LM_ID_NEWLM, path, RTLD_NOW | RTLD_LOCAL) : dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) model_fail("the library does not load: %s", dlerror());
        char* (*take)(size_t) = NULL;
        *(void**)&take = dlsym(library, "library_take");
        char* block = take == NULL ? NULL : take(1000);
        if (block == NULL || block[999] != 1) model_fail("the library has no block");
        play((size_t)who, (size_t)i * 100, (size_t)(i + 1) * 100);
        // Our own free is not that of the other namespace.
        if (!apart) free(block);
        dlclose(library);
    }
    return NULL;
}

static void libraries(void) {
    start_threads(load_libraries, NULL);
    join_threads();
}

static int play_in_clone(void* unused) {
    (void)unused;
    play(THREADS, 0, 500);
    return 0;
}

// A process that shares our memory and our thread's variables while we wait, as vfork(2) makes it.
static void raw_clone(void) {
    enum { STACK = 256 * 1024 };
    char* stack = pages_take(STACK, MAP_PRIVATE);
    start_threads(play_in_thread, NULL);
    for (int i = 0; i < 20; i++) {
        pid_t child = clone(play_in_clone, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
            model_fail("a clone had status %#x", status);
    }
    join_threads();
}

// A coroutine goes on in another thread than the one in which it stopped.
enum { CONTEXTS = THREADS, TURNS = 60 };
static ucontext_t contexts[CONTEXTS];
static ucontext_t* volatile resumer[CONTEXTS];
static pthread_barrier_t barrier;

static void coroutine(int who) {
    for (size_t turn = 0; turn < TURNS; turn++) {
        play((size_t)who, turn * 50, (turn + 1) * 50);
        swapcontext(&contexts[who], resumer[who]);
    }
}

static void* resume_coroutines(void* first) {
    ucontext_t here;
    for (size_t turn = 0; turn < TURNS; turn++) {
        size_t who = ((size_t)first + turn) % CONTEXTS;
        resumer[who] = &here;
        swapcontext(&here, &contexts[who]);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void make_coroutine(int who) {
    enum { STACK = 256 * 1024 };
    getcontext(&contexts[who]);
    contexts[who].uc_stack.ss_sp = pages_take(STACK, MAP_PRIVATE);
    contexts[who].uc_stack.ss_size = STACK;
    makecontext(&contexts[who], (void (*)(void))coroutine, 1, who);
}

static void coroutines(void) {
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int who = 0; who < CONTEXTS; who++) make_coroutine(who);
    start_threads(resume_coroutines, NULL);
    join_threads();
}

// ---- All cases ------------------------------------------------------------------------------------------------------

static const struct {
    const char* name;
    void (*run)(void);
} cases[] = {
    {"address_space", address_space},
    {"data", data},
    {"turns", turns},
    {"small_stacks", small_stacks},
    {"mappings", mappings},
    {"no_huge_pages", no_huge_pages},
    {"fork_under_load", fork_under_load},
    {"thread_churn", thread_churn},
    {"cancellation", cancellation},
    {"destructors", destructors},
    {"exit_in_the_middle", exit_in_the_middle},
    {"quick_exit_in_the_middle", quick_exit_in_the_middle},
    {"signals", signals},
    {"libraries", libraries},
    {"raw_clone", raw_clone},
    {"coroutines", coroutines},
};

static void report(const char* sentence) {
    dprintf(STDOUT_FILENO, "# %s\n", sentence);
    _exit(1);
}

// Result: whether the case held.
static bool holds(void (*run)(void)) {
    pid_t process = fork();
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        model_report = report;
        players = pages_take((THREADS + 1) * sizeof *players, MAP_PRIVATE);
        profile = (struct profile){512, {2, 8, 3, 1, 1, 1}, 80, 40, 10, (size_t)16 << 20};
        for (size_t who = 0; who <= THREADS; who++) {
            players[who].profile = &profile;
            players[who].mailboxes = mailboxes;
            players[who].thread = who;
        }
        run();
        end_all();
        _exit(0);
    }
    int status = 0;
    if (process < 0 || waitpid(process, &status, 0) != process) return false;
    if (WIFSIGNALED(status)) printf("# %s\n", strsignal(WTERMSIG(status)));
    return status == 0;
}

int main(int count, char** arguments) {
    setvbuf(stdout, NULL, _IONBF, 0);
    printf("# %s\n", calls_whose());
    int failed = 0;
    int ran = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (count > 1 && strcmp(arguments[1], cases[i].name) != 0) continue;
        bool good = holds(cases[i].run);
        printf("%sok %d - %s\n", good ? "" : "not ", ++ran, cases[i].name);
        failed += !good;
    }
    printf("1..%d\n", ran);
    return ran == 0 || failed > 0;
}

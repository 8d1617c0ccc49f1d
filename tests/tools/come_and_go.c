// come_and_go.c: what a thread keeps of medium blocks that come and go (par/run_cache.h), and when it gives that back.
//
// Usage: come_and_go CASE; linked with --wrap=region_take_run and --wrap=region_give_run. The cases are below. Exit
// status: 1 with a line for each fault.

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "par/cache.h"
#include "par/check.h"
#include "par/region.h"
#include "par/stats.h"
#include "tests/tools/chance.h"
#include "xmalloc.h"

enum { KIB = 1024, MIB = 1024 * KIB, TIMES = 20000, MOST_CALLS = TIMES / 20, SLOTS = 64, THREADS = 4, BUILT = 100 };

static const char KEEPS_NONE[] = "this test keeps no run, and so it shows nothing";

static atomic_size_t region_calls;

struct run __real_region_take_run(size_t pages, size_t alignment_pages, enum region_use use);
struct run __wrap_region_take_run(size_t pages, size_t alignment_pages, enum region_use use);
void __real_region_give_run(struct region* region, char* start);
void __wrap_region_give_run(struct region* region, char* start);

struct run __wrap_region_take_run(size_t pages, size_t alignment_pages, enum region_use use) {
    region_calls++;
    return __real_region_take_run(pages, alignment_pages, use);
}

void __wrap_region_give_run(struct region* region, char* start) {
    region_calls++;
    __real_region_give_run(region, start);
}

static int is_not(bool holds, const char* what) {
    if (!holds) puts(what);
    return !holds;
}

static size_t kept_bytes(void) { return (size_t)cache.runs.kept_pages * 4096; }

// A block of so many bytes comes and goes until the thread keeps its run. Result: where it was.
static char* keep(size_t bytes) {
    char* block = NULL;
    for (int i = 0; i < 4; i++) {
        block = xmalloc(bytes);
        memset(block, 1, bytes);
        xfree(block);
    }
    return block;
}

// ---- loops: threads that take again what they free hardly ever come to the regions

struct loop {
    size_t least, most;  // bytes
    unsigned slots;      // blocks that live at a time
};

static void* run_loop(void* context) {
    const struct loop* loop = context;
    char* blocks[SLOTS] = {NULL};
    uint64_t random = 5;
    for (int i = 0; i < TIMES; i++) {
        char** block = &blocks[random_below(&random, loop->slots)];
        if (*block != NULL && **block != (char)loop->slots) abort();
        xfree(*block);
        *block = xmalloc(loop->least + random_below(&random, loop->most - loop->least + 1));
        **block = (char)loop->slots;
    }
    for (unsigned i = 0; i < loop->slots; i++) xfree(blocks[i]);
    par_check();
    return NULL;
}

static int case_loops(void) {
    static struct loop loops[] = {
        {65 * KIB, 65 * KIB, 1}, {128 * KIB, 128 * KIB, SLOTS}, {500 * KIB, 500 * KIB, 1}, {65 * KIB, 256 * KIB, 1}};
    int faults = 0;
    for (unsigned i = 0; i < sizeof loops / sizeof loops[0]; i++) {
        region_calls = 0;
        pthread_t threads[THREADS];
        for (int k = 0; k < THREADS; k++) pthread_create(&threads[k], NULL, run_loop, &loops[i]);
        for (int k = 0; k < THREADS; k++) pthread_join(threads[k], NULL);
        if (region_calls <= THREADS * MOST_CALLS) continue;
        printf("%d threads took and freed %d blocks of %zu to %zu bytes each, and came to the regions %zu times\n",
               THREADS, TIMES, loops[i].least, loops[i].most, (size_t)region_calls);
        faults++;
    }
    return faults;
}

// ---- unused: who takes no such length again keeps nothing

static int case_unused(void) {
    static char* blocks[BUILT];
    int faults = 0;
    for (int i = 0; i < BUILT; i++) blocks[i] = xmalloc(100 * KIB);
    for (int i = 0; i < BUILT; i++) xfree(blocks[i]);
    faults += is_not(kept_bytes() == 0, "who frees at the end what it has built keeps some of it");
    xfree(xmalloc(300 * KIB));
    faults += is_not(kept_bytes() == 0, "who takes and frees a block once keeps it");
    for (int i = 0; i < 100; i++) (void)keep((size_t)(500 - 4 * i) * KIB);
    faults += is_not(kept_bytes() > 0, KEEPS_NONE);
    faults += is_not(kept_bytes() <= MIB / 2, "a thread keeps more than its part of the budget allows");
    for (int i = 0; i < BUILT; i++) blocks[i] = xmalloc(100 * KIB);
    for (int i = 0; i < BUILT; i++) xfree(blocks[i]);
    faults += is_not(kept_bytes() == 0, "what a thread kept outlasts a heap that it has freed meanwhile");
    for (int i = 0; i < 10; i++) {
        blocks[i] = xmalloc(70 * KIB);
        for (size_t bytes = 80 * KIB; bytes <= 900 * KIB; bytes += 20 * KIB) blocks[i] = xrealloc(blocks[i], bytes);
    }
    faults += is_not(cache.runs.out_pages >= (size_t)10 * 900 * KIB / 4096, "blocks that grow are not counted");
    return faults;
}

// ---- handed: who has handed many blocks to others keeps what comes and goes all the same

enum { HANDED = 600 };
static char* handed[HANDED];

static void* free_handed(void* unused) {
    for (int i = 0; i < HANDED; i++) xfree(handed[i]);
    return unused;
}

static int case_handed(void) {
    pthread_t thread;
    for (int i = 0; i < HANDED; i++) handed[i] = xmalloc(128 * KIB);
    pthread_create(&thread, NULL, free_handed, NULL);
    pthread_join(thread, NULL);
    region_calls = 0;
    for (int i = 0; i < TIMES; i++) xfree(xmalloc(65 * KIB));
    par_check();
    if (region_calls <= TIMES / 2) return 0;
    printf(
        "a thread took %d blocks that another freed, then took and freed one %d times, and came to the regions %zu "
        "times\n",
        HANDED, TIMES, (size_t)region_calls);
    return 1;
}

// ---- given: all comes back when the thread ends, and when it is asked for

static void* keep_and_end(void* unused) {
    (void)keep(100 * KIB);
    (void)keep(500 * KIB);
    return kept_bytes() > 0 ? unused : NULL;
}

static int case_given(void) {
    pthread_t thread;
    static char any;
    void* kept = NULL;
    int faults = 0;
    pthread_create(&thread, NULL, keep_and_end, &any);
    pthread_join(thread, &kept);
    faults += is_not(kept != NULL, KEEPS_NONE);
    faults += is_not(par_stats().medium_bytes == 0, "what an ended thread kept does not come back");
    (void)keep(100 * KIB);
    faults += is_not(kept_bytes() > 0, KEEPS_NONE);
    (void)par_trim();
    faults += is_not(par_stats().medium_bytes == 0, "par_trim leaves what the thread keeps");
    // Many small blocks need fresh memory, before which what nobody comes for goes.
    (void)keep(100 * KIB);
    for (int i = 0; i < 100000; i++) (void)xmalloc(1 * KIB);
    faults += is_not(kept_bytes() == 0, "a thread that only takes small blocks keeps its runs");
    par_check();
    return faults;
}

// ---- scarce: what is kept serves when the system has no memory

static size_t mapped_bytes(void) {
    unsigned long pages;
    FILE* file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lu", &pages) != 1) exit(3);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static int case_scarce(void) {
    int faults = is_not(mapped_bytes() > 0, "nothing is mapped");  // stdio has its buffers now
    (void)par_trim();
    (void)keep(500 * KIB);
    faults += is_not(kept_bytes() > 0, KEEPS_NONE);
    struct rlimit none = {.rlim_cur = mapped_bytes(), .rlim_max = RLIM_INFINITY};
    if (setrlimit(RLIMIT_AS, &none) != 0) return 3;
    // Only the slot in which the kept run lies has room for it.
    faults += is_not(xmalloc(2 * MIB) != NULL, "there is no block of 2 MiB, though a thread keeps what would do");
    faults += is_not(xmalloc(2 * MIB) == NULL, "this test leaves addresses, and so it shows nothing");
    par_check();
    return faults;
}

// ---- twice: a run that is kept is no block

static bool is_caught(char* block, bool resizes) {
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL) _exit(3);
        if (resizes) _exit(xrealloc(block, 90 * KIB) == NULL);
        xfree(block);
        _exit(0);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static char* kept_by_other;
static pthread_barrier_t barrier;

static void* keep_and_wait(void* unused) {
    kept_by_other = keep(100 * KIB);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return unused;
}

static int case_twice(void) {
    int faults = 0;
    char* block = keep(100 * KIB);
    faults += is_not(kept_bytes() > 0, KEEPS_NONE);
    faults += is_not(is_caught(block, false), "a kept block is freed again, and nobody says so");
    faults += is_not(is_caught(block, true), "a kept block is resized, and nobody says so");
    faults += is_not(is_caught(block + 4096, false), "a pointer into a kept block is freed, and nobody says so");
    faults += is_not(xmalloc(100 * KIB) == block, "a kept run does not serve");
    faults += is_not(is_caught(block + 4096, false), "a pointer into a block that was kept is freed");
    xfree(block);
    return faults;
}

// ---- forked: a child has what its thread kept, and what other threads kept is nobody's

static int in_child(char* mine) {
    par_check();
    int faults = is_not(xmalloc(100 * KIB) == mine, "a child does not have what its thread kept");
    faults += is_not(is_caught(kept_by_other, false), "in a child a block that another thread kept is freed again");
    for (int i = 0; i < BUILT; i++) {
        char* block = xmalloc(100 * KIB);
        faults += is_not(block != kept_by_other && block != mine, "in a child one run is two blocks");
        if (i % 2 == 0) xfree(block);
    }
    par_check();
    return fflush(stdout) != 0 || faults > 0;
}

static int case_forked(void) {
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_t thread;
    char* mine = keep(100 * KIB);
    pthread_create(&thread, NULL, keep_and_wait, NULL);
    pthread_barrier_wait(&barrier);
    pid_t child = fork();
    if (child == 0) _exit(in_child(mine));
    int status = 0;
    bool is_right = child > 0 && waitpid(child, &status, 0) == child && status == 0;
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    par_check();
    return is_not(is_right, "a child of fork did not end well");
}

int main(int argc, char** argv) {
    static const struct {
        const char* name;
        int (*run)(void);
    } cases[] = {{"loops", case_loops},   {"unused", case_unused}, {"handed", case_handed}, {"given", case_given},
                 {"scarce", case_scarce}, {"twice", case_twice},   {"forked", case_forked}};
    for (unsigned i = 0; argc == 2 && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(argv[1], cases[i].name) == 0) return cases[i].run() > 0;
    }
    return 3;
}

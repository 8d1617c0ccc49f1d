// fork_locks.c: whoever forks has every lock meanwhile, and each call takes that of its part. A child would else find
// what another thread had half done, and the parent's threads would be two where one may be.
//
// This thread takes the locks of a part as fork.c does, and another makes a call that needs them; or another is in the
// middle of work that a fork must wait for, and this thread takes the locks. Last, a fork is counted: it takes each
// lock once, and parent and child give each once.
//
// Linked with --wrap=span_make, --wrap=os_purge, and --wrap of each lock of LOCKS. Exit status: 1 with a line for each
// call that came back meanwhile, and each lock that was not taken or not given.

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "par/cache.h"
#include "par/depot.h"
#include "par/extent.h"
#include "par/first_line.h"
#include "par/large.h"
#include "par/metadata.h"
#include "par/page_map.h"
#include "par/region.h"
#include "par/size_class.h"
#include "xmalloc.h"

enum { WAIT_US = 50 * 1000, WORK_US = 200 * 1000, HUNG_S = 120, NEW_BYTES = 5000 };

static atomic_bool is_back;

static struct run run;  // taken before
static char* slots;     // likewise, two
static struct large* large;

static void take_run(void) { region_take_run(3, 1, REGION_OF_BLOCKS); }

static void give_run(void) { region_give_run(run.region, run.start); }

static void resize_run(void) { region_resize_run(run.region, run.start, 2); }

static void decay_region(void) { region_decay(1); }

static void take_large(void) { large_take(5 * SLOT_BYTES, SLOT_BYTES, LARGE_SPARSE); }

static void give_large(void) { large_give(large); }

static void take_extent(void) { extent_take(1); }

static void take_idle(void) { extent_take_idle(1); }

static void give_extent(void) { extent_give(slots, 2, NO_LINE); }

static void forget_extent(void) { extent_forget(1); }

static void grow_extent(void) { extent_grow(slots, 2, 3); }

static void decay_extent(void) { extent_decay(1); }

static void give_excess(void) { extent_give_excess(1); }

static void count_mapped(void) { extent_mapped_slots(); }

static void count_idle(void) { extent_idle_slots(); }

static void take_record(void) { metadata_take(64); }

static void take_smallest(void) { depot_take(1, 1); }

static void take_longest(void) { depot_take(CLASS_COUNT - 1, 1); }

static const struct part {
    const char* name;
    void (*take)(void);
    void (*give)(void);
    void (*call)(void);
} parts[] = {
    {"region_take_run", region_lock, region_unlock, take_run},
    {"region_give_run", region_lock, region_unlock, give_run},
    {"region_resize_run", region_lock, region_unlock, resize_run},
    {"region_decay", region_lock, region_unlock, decay_region},
    {"large_take", large_lock, large_unlock, take_large},
    {"large_give", large_lock, large_unlock, give_large},
    {"extent_take", extent_lock, extent_unlock, take_extent},
    {"extent_take_idle", extent_lock, extent_unlock, take_idle},
    {"extent_give", extent_lock, extent_unlock, give_extent},
    {"extent_forget", extent_lock, extent_unlock, forget_extent},
    {"extent_grow", extent_lock, extent_unlock, grow_extent},
    {"extent_decay", extent_lock, extent_unlock, decay_extent},
    {"extent_give_excess", extent_lock, extent_unlock, give_excess},
    {"extent_unmap_idle", extent_lock, extent_unlock, extent_unmap_idle},
    {"extent_mapped_slots", extent_lock, extent_unlock, count_mapped},
    {"extent_idle_slots", extent_lock, extent_unlock, count_idle},
    {"metadata_take", metadata_lock, metadata_unlock, take_record},
    {"depot_take of the smallest class", depot_lock_all, depot_unlock_all, take_smallest},
    {"depot_take of the longest class", depot_lock_all, depot_unlock_all, take_longest},
};

static void* make(void* part) {
    ((const struct part*)part)->call();
    // order: seq_cst, here and below: it is a test.
    atomic_store(&is_back, true);
    return NULL;
}

static bool waits_for(const struct part* part) {
    run = region_take_run(3, 1, REGION_OF_BLOCKS);
    slots = extent_take(2).start;
    char* block = xmalloc(5 * SLOT_BYTES);
    if (run.start == NULL || slots == NULL || block == NULL) _exit(2);
    large = (struct large*)page_map_mapping(block);
    atomic_store(&is_back, false);
    part->take();
    pthread_t other;
    if (pthread_create(&other, NULL, make, (void*)part) != 0) _exit(2);
    usleep(WAIT_US);
    bool came_early = atomic_load(&is_back);
    part->give();
    pthread_join(other, NULL);
    return !came_early;
}

// ---- Work that a fork waits for ----

static atomic_bool dawdles;  // who comes to such work takes his time
static atomic_int at_work;

static void dawdle(void) {
    if (!atomic_load(&dawdles)) return;
    atomic_fetch_add(&at_work, 1);
    usleep(WORK_US);
    atomic_fetch_sub(&at_work, 1);
}

struct span* __real_span_make(unsigned size_class);
struct span* __wrap_span_make(unsigned size_class);

struct span* __wrap_span_make(unsigned size_class) {
    dawdle();
    return __real_span_make(size_class);
}

void __real_os_purge(void* start, size_t bytes);
void __wrap_os_purge(void* start, size_t bytes);

void __wrap_os_purge(void* start, size_t bytes) {
    dawdle();
    __real_os_purge(start, bytes);
}

static void* take_new(void* unused) {
    xfree(xmalloc(NEW_BYTES));
    return unused;
}

// A whole heap of runs goes, so that pages are given up.
static void* give_many(void* unused) {
    enum { RUNS = 2000, PAGES = 25 };
    static struct run runs[RUNS];
    for (int i = 0; i < RUNS; i++) {
        runs[i] = region_take_run(PAGES, 1, REGION_OF_BLOCKS);
        memset(runs[i].start, 1, (size_t)PAGES * PAGE_BYTES);
    }
    for (int i = 0; i < RUNS; i += 2) {
        region_give_run(runs[i].region, runs[i].start);
        region_pay();
    }
    return unused;
}

static bool fork_waits_for(void* (*work)(void*), void (*take)(void), void (*give)(void)) {
    atomic_store(&dawdles, true);
    pthread_t other;
    if (pthread_create(&other, NULL, work, NULL) != 0) _exit(2);
    while (atomic_load(&at_work) == 0) usleep(100);
    take();
    bool is_alone = atomic_load(&at_work) == 0;
    give();
    atomic_store(&dawdles, false);
    pthread_join(other, NULL);
    return is_alone;
}

// ---- A fork ----

#define LOCKS(part) part(cache_, ) part(depot_, _all) part(region_, ) part(large_, ) part(extent_, ) part(metadata_, )

#define COUNT(part, all)                    \
    static int part##taken, part##given;    \
    void __real_##part##lock##all(void);    \
    void __wrap_##part##lock##all(void);    \
    void __wrap_##part##lock##all(void) {   \
        part##taken++;                      \
        __real_##part##lock##all();         \
    }                                       \
    void __real_##part##unlock##all(void);  \
    void __wrap_##part##unlock##all(void);  \
    void __wrap_##part##unlock##all(void) { \
        part##given++;                      \
        __real_##part##unlock##all();       \
    }
LOCKS(COUNT)

#define RESET(part, all) part##taken = part##given = 0;
#define JUDGE(part, all)                                                                                           \
    if (part##taken != 1 || part##given != 1) {                                                                    \
        printf("a fork took the lock " #part "lock" #all " %d times, and %s gave it %d times\n", part##taken, who, \
               part##given);                                                                                       \
        failures++;                                                                                                \
    }

static int judge_locks(const char* who) {
    int failures = 0;
    LOCKS(JUDGE)
    fflush(stdout);
    return failures;
}

static void* wait_for_end(void* end) {
    pthread_barrier_wait(end);
    return NULL;
}

// Of a process of two threads, for one alone needs no lock.
static int judge_fork(void) {
    static pthread_barrier_t end;
    pthread_t other;
    pthread_barrier_init(&end, NULL, 2);
    if (pthread_create(&other, NULL, wait_for_end, &end) != 0) _exit(2);
    LOCKS(RESET)
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) _exit(judge_locks("the child"));
    int failures = judge_locks("the parent");
    int status = 0;
    waitpid(child, &status, 0);
    pthread_barrier_wait(&end);
    pthread_join(other, NULL);
    return failures + (WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

int main(void) {
    alarm(HUNG_S);
    xfree(xmalloc(1));
    int failures = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (waits_for(&parts[i])) continue;
        printf("%s does not wait for the lock of its part\n", parts[i].name);
        failures++;
    }
    if (!fork_waits_for(take_new, depot_lock_all, depot_unlock_all)) {
        puts("a fork does not wait for who makes a span");
        failures++;
    }
    if (!fork_waits_for(give_many, region_lock, region_unlock)) {
        puts("a fork does not wait for who gives up pages");
        failures++;
    }
    failures += judge_fork();
    return failures > 0;
}

// alone.c: no call of the depot goes on while somebody else has the locks of its class, and of several threads that
// find it empty one makes a span, while others can free.
//
// This thread has all locks, as for a fork, and another makes one call. Linked with --wrap=span_make. Exit status: 1
// with a line for each call that came back meanwhile, or never did afterwards.

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "par/depot.h"
#include "par/harden.h"
#include "par/size_class.h"
#include "par/span.h"
#include "xmalloc.h"

enum { BYTES = 200, UNUSED_BYTES = 3000, THREADS = 3, BLOCKS = 100, WAIT_US = 50 * 1000, HUNG_S = 120 };

static unsigned size_class;
static struct block* given;  // a block that is the thread's
static atomic_bool is_back;

static void take(void) { depot_take(size_class, 1); }

static void take_one(void) { depot_take_one(size_class); }

static void give(void) { depot_give(size_class, given, 1); }

static void give_loose(void) { depot_give_loose(size_class, given); }

static void give_one(void) { depot_give_one(size_class, given); }

static void count(void) { depot_used_bytes(); }

static const struct {
    const char* name;
    void (*call)(void);
} calls[] = {
    {"depot_take", take},         {"depot_take_one", take_one},
    {"depot_give", give},         {"depot_give_loose", give_loose},
    {"depot_flush", depot_flush}, {"depot_give_one", give_one},
    {"depot_used_bytes", count},
};

static void* make(void* call) {
    (*(void (**)(void))call)();
    // order: seq_cst, here and below: it is a test.
    atomic_store(&is_back, true);
    return NULL;
}

// Some blocks stay in the depot, and records of magazines.
static void fill(void) {
    struct block* blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) blocks[i] = depot_take_one(size_class);
    for (int i = 0; i < BLOCKS; i++) depot_give_one(size_class, blocks[i]);
    given = depot_take_one(size_class);
    set_next(given, NULL);
}

// ---- Who makes a span ----

static atomic_int makers, together;

struct span* __real_span_make(unsigned size_class_of_span);
struct span* __wrap_span_make(unsigned size_class_of_span);

struct span* __wrap_span_make(unsigned size_class_of_span) {
    // order: seq_cst, as above.
    if (atomic_fetch_add(&makers, 1) > 0) atomic_fetch_add(&together, 1);
    struct span* span = __real_span_make(size_class_of_span);
    usleep(WAIT_US);
    depot_used_bytes();  // waits for ever when the class is locked
    // order: as above.
    atomic_fetch_sub(&makers, 1);
    return span;
}

static void* take_from_empty(void* unused) {
    depot_take(size_class_of(UNUSED_BYTES), 1);
    return unused;
}

static bool one_makes_it(void) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, take_from_empty, NULL) != 0) _exit(2);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    // order: as above.
    return atomic_load(&together) == 0;
}

int main(void) {
    alarm(HUNG_S);
    xfree(xmalloc(BYTES));
    size_class = size_class_of(BYTES);
    int failures = 0;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        fill();
        // order: as above.
        atomic_store(&is_back, false);
        depot_lock_all();
        pthread_t other;
        if (pthread_create(&other, NULL, make, (void*)&calls[i].call) != 0) return 2;
        usleep(WAIT_US);
        // order: as above.
        bool came_early = atomic_load(&is_back);
        depot_unlock_all();
        pthread_join(other, NULL);
        if (!came_early) continue;
        printf("%s did not wait for the lock of its class\n", calls[i].name);
        failures++;
    }
    if (!one_makes_it()) {
        printf("several threads made a span of one class at the same time\n");
        failures++;
    }
    return failures > 0;
}

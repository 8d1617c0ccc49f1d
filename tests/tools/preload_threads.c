// preload_threads.c: threads that use malloc in their last moments.
//
// Usage: preload_threads WAY, to be run with and without LD_PRELOAD=lib/libpar.so. Ends with status 0, or with 1 after
// a line that says what went wrong.
//
//   late     The C library frees memory of a thread after all destructors of the thread's own data have run; thousands
//            of such threads, one after another, must leave nothing behind.
//   last     A thread that never used malloc frees a block in the last round of destructors; likewise.
//   cleanup  A cancelled thread allocates in its cleanup handler, and a C11 thread in the destructor of a tss_t.

#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <unistd.h>

enum { KIB = 1024, MIB = 1024 * KIB, TIME_LIMIT_S = 30 };

static _Noreturn void fail(const char* what) {
    fprintf(stderr, "preload_threads: %s\n", what);
    exit(1);
}

// Blocks of small, medium and large sizes, which keep their content while they all exist.
static void allocate(void) {
    static const size_t sizes[] = {40, 40, 40, 3000, 3000, 100 * KIB, 100 * KIB, 2 * MIB};
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    unsigned char* volatile blocks[SIZES];
    for (size_t i = 0; i < SIZES; i++) {
        blocks[i] = malloc(sizes[i]);
        if (blocks[i] == NULL) fail("a thread that ends is given no memory");
        blocks[i][0] = blocks[i][sizes[i] - 1] = (unsigned char)(i + 1);
    }
    for (size_t i = 0; i < SIZES; i++) {
        if (blocks[i][0] != i + 1 || blocks[i][sizes[i] - 1] != i + 1) fail("two blocks overlap in a thread that ends");
        free(blocks[i]);
    }
}

// ---- late ----

static size_t resident_bytes(void) {
    size_t all = 0;
    size_t resident = 0;
    FILE* file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%zu %zu", &all, &resident) != 2) fail("/proc/self/statm cannot be read");
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

// glibc keeps the values of 32 keys in the thread and takes memory for every further 32 of them, which it frees last.
enum { KEYS = 640, KEYS_APART = 32 };
static pthread_key_t keys[KEYS];

static void* use_all_keys(void* unused) {
    for (size_t i = 0; i < KEYS; i += KEYS_APART) pthread_setspecific(keys[i], keys);
    return unused;
}

static void run_late(size_t threads) {
    for (size_t i = 0; i < threads; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, use_all_keys, NULL) != 0) fail("a thread cannot be started");
        pthread_join(thread, NULL);
    }
}

// Runs so many threads, and beforehand some, so that what is needed once is there.
static void expect_nothing_left(void (*run)(size_t threads), size_t threads) {
    enum { MOST_BYTES = 4 * MIB };
    run(threads / 10);
    size_t before = resident_bytes();
    run(threads);
    size_t after = resident_bytes();
    if (after <= before + MOST_BYTES) return;
    fprintf(stderr, "preload_threads: %zu threads left %zu bytes behind\n", threads, after - before);
    exit(1);
}

static void late(void) {
    enum { THREADS = 3000 };  // were all of it lost, it would be 30 MB
    for (size_t i = 0; i < KEYS; i++) {
        if (pthread_key_create(&keys[i], NULL) != 0) fail("there are too few keys");
    }
    expect_nothing_left(run_late, THREADS);
}

// ---- last ----

enum { LAST_BYTES = 10000 };
static pthread_key_t last_key;
static _Thread_local unsigned rounds;

// The C library calls a destructor again as long as the key has a value, and so often at most.
static void free_in_last_round(void* block) {
    if (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
        pthread_setspecific(last_key, block);
    } else {
        free(block);
    }
}

static void* keep_until_last_round(void* block) {
    pthread_setspecific(last_key, block);
    return NULL;
}

static void run_last(size_t threads) {
    for (size_t i = 0; i < threads; i++) {
        pthread_t thread;
        void* block = malloc(LAST_BYTES);
        if (block == NULL || pthread_create(&thread, NULL, keep_until_last_round, memset(block, 1, LAST_BYTES)) != 0) {
            fail("a thread cannot be started");
        }
        pthread_join(thread, NULL);
    }
}

static void last(void) {
    enum { THREADS = 2000 };  // were all of it lost, it would be 20 MB
    if (pthread_key_create(&last_key, free_in_last_round) != 0) fail("there are too few keys");
    expect_nothing_left(run_last, THREADS);
}

// ---- cleanup ----

static unsigned handlers_run;  // changed by one thread at a time, each of which is joined
static sem_t handler_is_in_place;
static tss_t thread_data;
static once_flag thread_data_once = ONCE_FLAG_INIT;

static void in_cleanup(void* unused) {
    (void)unused;
    allocate();
    handlers_run++;
}

static void* wait_for_cancellation(void* unused) {
    pthread_cleanup_push(in_cleanup, NULL);
    sem_post(&handler_is_in_place);
    for (;;) pause();
    pthread_cleanup_pop(0);
    return unused;
}

static void create_thread_data(void) {
    if (tss_create(&thread_data, in_cleanup) != thrd_success) fail("there is no tss_t left");
}

static int use_thread_data(void* unused) {
    (void)unused;
    allocate();  // so that malloc has something to tidy up, before or after the destructor
    call_once(&thread_data_once, create_thread_data);
    return tss_set(thread_data, &thread_data) == thrd_success ? 0 : 1;
}

static void cleanup(void) {
    enum { ROUNDS = 200 };
    if (sem_init(&handler_is_in_place, 0, 0) != 0) fail("there is no semaphore");
    for (unsigned i = 0; i < ROUNDS; i++) {
        pthread_t cancelled;
        if (pthread_create(&cancelled, NULL, wait_for_cancellation, NULL) != 0) fail("a thread cannot be started");
        sem_wait(&handler_is_in_place);
        pthread_cancel(cancelled);
        pthread_join(cancelled, NULL);
        thrd_t with_data;
        int result = 1;
        if (thrd_create(&with_data, use_thread_data, NULL) != thrd_success) fail("a C11 thread cannot be started");
        if (thrd_join(with_data, &result) != thrd_success || result != 0) fail("a C11 thread cannot keep data");
    }
    if (handlers_run != 2 * ROUNDS) fail("not every handler and destructor ran");
}

int main(int argc, char** argv) {
    alarm(TIME_LIMIT_S);
    const char* way = argc == 2 ? argv[1] : "";
    if (strcmp(way, "late") == 0) {
        late();
    } else if (strcmp(way, "last") == 0) {
        last();
    } else if (strcmp(way, "cleanup") == 0) {
        cleanup();
    } else {
        fprintf(stderr, "preload_threads: WAY must be late, last or cleanup, not '%s'\n", way);
        return 2;
    }
    return 0;
}

// process.c: memory as the kernel counts it, limits, threads.

#include "tests/suite/support/process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/suite/support/calls.h"

// ---- Memory ---------------------------------------------------------------------------------------------------------

typedef struct Memory {
    size_t mapped;
    size_t resident;
} Memory;

// The first two numbers of statm are pages. No stdio: that would allocate, which for one backend is what we measure.
static Memory memory_now(void) {
    char text[128] = "";
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t length = file == -1 ? -1 : read(file, text, sizeof text - 1);
    if (file != -1) close(file);
    if (length <= 0) fail_test("/proc/self/statm cannot be read: this test needs /proc");

    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char* rest;
    size_t mapped = strtoul(text, &rest, 10) * page;
    return (Memory){.mapped = mapped, .resident = strtoul(rest, NULL, 10) * page};
}

static size_t growth(size_t before, size_t now) { return now > before ? now - before : 0; }

size_t mapped_bytes(void) { return memory_now().mapped; }
size_t resident_bytes(void) { return memory_now().resident; }
size_t mapped_since(size_t before) { return growth(before, mapped_bytes()); }

// A line of the sum over all mappings, for which the kernel walks through all pages; 0 where there is none.
static size_t bytes_in_rollup(const char* name) {
    char text[4096] = "";
    int file = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
    ssize_t length = file == -1 ? -1 : read(file, text, sizeof text - 1);
    if (file != -1) close(file);
    const char* line = length <= 0 ? NULL : strstr(text, name);
    return line == NULL ? 0 : strtoul(line + strlen(name), NULL, 10) * KIB;
}

// What was given up with MADV_FREE counts as resident until somebody else needs it.
static size_t lazily_freed_bytes(void) { return bytes_in_rollup("LazyFree:"); }

size_t exact_resident_bytes(void) { return growth(lazily_freed_bytes(), bytes_in_rollup("Rss:")); }

// Only what has grown is worth the walk through all pages that smaps is.
size_t resident_since(size_t before) {
    size_t grown = growth(before, resident_bytes());
    return grown <= 4 * MIB ? grown : growth(lazily_freed_bytes(), grown);
}

static size_t at_rest(size_t (*since)(size_t before), size_t before, size_t most) {
    enum { LOOKS = 40, BETWEEN_NS = 25000000 };
    size_t grown = since(before);
    for (int look = 0; grown > most && look < LOOKS; look++) {
        nanosleep(&(struct timespec){.tv_nsec = BETWEEN_NS}, NULL);
        grown = since(before);
    }
    return grown;
}

size_t mapped_at_rest(size_t before, size_t most) { return at_rest(mapped_since, before, most); }
size_t resident_at_rest(size_t before, size_t most) { return at_rest(resident_since, before, most); }

void tell_growth(size_t grown, size_t allowed) {
    if (getenv("TELL_GROWTH") == NULL) return;
    printf("grew by %zu of %zu KiB\n", grown / KIB, allowed / KIB);
    fflush(stdout);
}

// ---- Mappings -------------------------------------------------------------------------------------------------------

// At so many hundredths of the limit no more can be had: one call may need a few.
enum { USUAL_MOST_MAPPINGS = 65530, NEAR_PERCENT = 99, TEXT_BYTES = 4096 };

// By system calls alone: there may be no memory, and nothing can be mapped.
static size_t count_mappings(void) {
    char text[TEXT_BYTES];
    size_t lines = 0;
    ssize_t length;
    int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    while (file != -1 && (length = read(file, text, sizeof text)) > 0) {
        for (ssize_t i = 0; i < length; i++) lines += text[i] == '\n';
    }
    if (file != -1) close(file);
    return lines;
}

static size_t most_mappings(void) {
    char text[32] = "";
    int file = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
    ssize_t length = file == -1 ? -1 : read(file, text, sizeof text - 1);
    if (file != -1) close(file);
    return length <= 0 ? USUAL_MOST_MAPPINGS : strtoul(text, NULL, 10);
}

const char* limit_of_mappings(void) {
    static _Thread_local char text[160];
    size_t count = count_mappings();
    size_t most = most_mappings();
    if (count < most / 100 * NEAR_PERCENT) return NULL;
    if (count > most) count = most;  // [vsyscall] has a line, and the kernel does not count it
    snprintf(text, sizeof text,
             "the process has %zu mappings, and the kernel allows %zu (vm.max_map_count): map larger pieces", count,
             most);
    return text;
}

// What the shell left this process, which no test moves; nobody who grades leaves less than so many.
enum { LEAST_GRADED_GIB = 8 };

const char* lack_of_memory(void) {
    static _Thread_local char text[192];
    const char* limit = limit_of_mappings();
    struct rlimit space;
    bool is_narrow = getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_max < ((rlim_t)LEAST_GRADED_GIB << 30);
    if (limit == NULL && !is_narrow) return "although there is memory";
    if (limit == NULL) {
        snprintf(text, sizeof text,
                 "although there is memory; but the shell lets a process have %zu MiB of addresses (ulimit -v)",
                 (size_t)(space.rlim_max / MIB));
    } else {
        snprintf(text, sizeof text, "because %s", limit);
    }
    return text;
}

// Only the soft limit moves, so that it can be taken back.
static void set_soft_limit(rlim_t bytes) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == -1) return;
    if (bytes == RLIM_INFINITY || bytes > limit.rlim_max) bytes = limit.rlim_max;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_AS, &limit);
}

void limit_address_space(size_t more) { set_soft_limit(mapped_bytes() + more); }
void lift_address_space_limit(void) { set_soft_limit(RLIM_INFINITY); }

// ---- Threads --------------------------------------------------------------------------------------------------------

enum { STACK_BYTES = 256 * KIB };

typedef struct Worker {
    pthread_t thread;
    pthread_barrier_t* start;
    void (*work)(size_t index);
    size_t index;
} Worker;

static atomic_size_t ending;

size_t ending_threads(void) { return ending; }

static void* begin(void* argument) {
    Worker* worker = argument;
    pthread_barrier_wait(worker->start);
    worker->work(worker->index);
    ending++;
    return NULL;
}

size_t thread_count(void) {
    struct stat tasks;
    return stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink > 2 ? tasks.st_nlink - 2 : 1;
}

static void* pass_gate(void* gate) {
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

size_t threads_allowed(void) {
    pthread_t threads[MOST_THREADS];
    pthread_attr_t attributes;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    size_t count = 0;
    pthread_mutex_lock(&gate);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    while (count < MOST_THREADS && pthread_create(&threads[count], &attributes, pass_gate, &gate) == 0) count++;
    pthread_mutex_unlock(&gate);
    for (size_t i = 0; i < count; i++) pthread_join(threads[i], NULL);
    pthread_attr_destroy(&attributes);
    return count;
}

void run_threads(size_t count, void (*work)(size_t index)) {
    Worker workers[MOST_THREADS];
    pthread_barrier_t start;
    pthread_attr_t attributes;
    if (count > MOST_THREADS) fail_test("a test wants %zu threads, run_threads has %d", count, MOST_THREADS);
    pthread_barrier_init(&start, NULL, (unsigned)count);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);

    for (size_t i = 0; i < count; i++) {
        workers[i] = (Worker){.start = &start, .work = work, .index = i};
        int error = pthread_create(&workers[i].thread, &attributes, begin, &workers[i]);
        if (error == 0) continue;
        const char* limit = limit_of_mappings();
        struct rlimit tasks;
        if (limit == NULL && error == EAGAIN && getrlimit(RLIMIT_NPROC, &tasks) == 0 && tasks.rlim_cur != RLIM_INFINITY)
            fail_test(
                "thread %zu of %zu cannot be started: %s; a user may have %zu processes and threads here (ulimit -u)",
                i + 1, count, strerror(error), (size_t)tasks.rlim_cur);
        fail_test("thread %zu of %zu cannot be started: %s", i + 1, count, limit == NULL ? strerror(error) : limit);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
        ending--;
    }
    pthread_attr_destroy(&attributes);
    pthread_barrier_destroy(&start);
}

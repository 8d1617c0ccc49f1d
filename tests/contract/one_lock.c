// one_lock.c: four threads take, resize and free blocks; then this says which locks the backend has taken meanwhile.
//
// Usage: one_lock-NAME WORD. For each lock a line
//
//     lock CALL TIMES binary OFFSET        a variable of the program, so many bytes (hexadecimal) after its start
//     lock CALL TIMES memory ADDRESS       somewhere else
//
// and at the end a line that repeats WORD, so that whoever started this knows that it came to its end. Where a call
// crashes or gives no memory, the locks that were taken until then are printed all the same.
//
// Exit status: 0; 1 with one line on standard error when a call gave no memory; 2 for wrong usage.

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/contract/closing.h"
#include "tests/contract/locks.h"
#include "xmalloc.h"

enum { THREADS = 4, ROUNDS = 2000, LIVE = 20, CALLS_OF_A_ROUND = 3 };
enum { SMALL = 2000, LARGE_ONE_IN = 50, SIZES_OF_LARGE = 10 };

// The linker's names for the first and the last byte of the program and its variables.
extern const char __executable_start[];
extern const char _end[];

static void print_locks(void) {
    LockUse uses[MOST_LOCKS];
    read_locks(uses);  // NOLINT(bugprone-signal-handler): it reads a table
    for (size_t i = 0; i < MOST_LOCKS && uses[i].address != NULL; i++) {
        const char* address = uses[i].address;
        bool is_variable = address >= __executable_start && address < _end;
        uintptr_t place = is_variable ? (uintptr_t)(address - __executable_start) : (uintptr_t)address;
        if (uses[i].call == NULL) continue;  // another thread is about to note it
        // NOLINTNEXTLINE(bugprone-signal-handler): the process ends in any case
        dprintf(STDOUT_FILENO, "lock %s %zu %s %" PRIxPTR "\n", uses[i].call, uses[i].times,
                is_variable ? "binary" : "memory", place);
    }
}

// Threads often crash together; the first one tells. Back from here the same fault strikes again, and takes its course.
static void tell_before_crash(int signal_number) {
    static atomic_flag is_told = ATOMIC_FLAG_INIT;
    // order: sequentially consistent, as nobody is in a hurry here
    while (atomic_flag_test_and_set(&is_told)) pause();
    print_locks();
    signal(signal_number, SIG_DFL);
}

// Who has a handler already may live on faults.
static void tell_crashes(void) {
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) {
        struct sigaction before;
        bool is_taken = sigaction(crashes[i], NULL, &before) == 0 && before.sa_handler != SIG_DFL;
        if (!is_taken) signal(crashes[i], tell_before_crash);
    }
}

static void need(const void* block, const char* call, size_t bytes) {
    if (block != NULL) return;
    fprintf(stderr, "%s of %zu bytes returned NULL although there is memory\n", call, bytes);
    print_locks();
    exit(1);
}

// Most blocks are small; some are of each size from pages to megabytes, which may have a lock of their own.
static size_t size_of(size_t round, size_t thread) {
    size_t small = 1 + (round * 7919 + thread) % SMALL;
    return round % LARGE_ONE_IN == 0 ? small << (1 + round / LARGE_ONE_IN % SIZES_OF_LARGE) : small;
}

static void* work(void* index) {
    void* blocks[LIVE] = {NULL};
    for (size_t i = 0; i < ROUNDS; i++) {
        void** block = &blocks[i % LIVE];
        size_t bytes = size_of(i, (uintptr_t)index);
        if (*block != NULL) xfree(*block);
        *block = xmalloc(bytes);
        need(*block, "xmalloc", bytes);
        memset(*block, 1, bytes);
        *block = xrealloc(*block, bytes * 2);
        need(*block, "xrealloc", bytes * 2);
    }
    for (size_t i = 0; i < LIVE; i++) xfree(blocks[i]);
    return NULL;
}

int main(int count, char** arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: %s WORD\n", arguments[0]);
        return 2;
    }

    // What the first call of all sets up, it may set up as it likes.
    xfree(xmalloc(100));

    pthread_t threads[THREADS];
    tell_crashes();
    note_locks(true);
    for (uintptr_t i = 0; i < THREADS; i++) {
        int error = pthread_create(&threads[i], NULL, work, (void*)i);
        if (error == 0) continue;
        fprintf(stderr, "thread %zu of %d cannot be started: %s\n", (size_t)i + 1, THREADS, strerror(error));
        return 1;
    }
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    note_locks(false);

    print_locks();
    printf("one_lock: %d threads made %d calls; %s\n", THREADS, THREADS * ROUNDS * CALLS_OF_A_ROUND,
           closing_word(arguments[1]));
    return 0;
}

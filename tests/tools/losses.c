// losses.c: what is lost a little each time is found by doing it many times.
//
// Usage: losses CASE. Exit status: 1 with a line that says how much memory was lost.

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "xmalloc.h"

enum { KIB = 1024, MIB = 1024 * KIB, PAGE = 4 * KIB, MOST_GROWTH = 600 * KIB };

// Result: so many bytes, of a file in /proc with lines of a name and a number of KiB.
static size_t bytes_told(const char* path, const char* format) {
    char line[256];
    size_t kib = 0;
    FILE* file = fopen(path, "r");
    if (file == NULL) exit(3);
    while (fgets(line, sizeof line, file) != NULL && sscanf(line, format, &kib) != 1) continue;
    fclose(file);
    return kib * KIB;
}

// Not of statm, where the kernel adds up what it counts for each processor now and then.
static size_t resident_now(void) { return bytes_told("/proc/self/smaps_rollup", "Rss: %zu"); }

static size_t mapped_now(void) { return bytes_told("/proc/self/status", "VmSize: %zu"); }

static void* taken(size_t bytes) {
    void* block = xmalloc(bytes);
    if (block == NULL) exit(3);
    return memset(block, 1, bytes);
}

static int limit_growth(const char* what, size_t before, size_t after, size_t most) {
    if (after <= before + most) return 0;
    printf("%s grew by %zu KiB; at most %zu KiB are accepted\n", what, (after - before) / KIB, most / KIB);
    return 1;
}

// ---- Threads that end -----------------------------------------------------------------------------------------------

enum { THREADS = 1500, WARM_THREADS = 200, OF_A_SIZE = 20 };
static const size_t sizes[] = {16, 48, 200, 1000};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static void* take_and_free(void* unused) {
    void* blocks[SIZES][OF_A_SIZE];
    for (size_t i = 0; i < SIZES * OF_A_SIZE; i++) blocks[i % SIZES][i / SIZES] = taken(sizes[i % SIZES]);
    for (size_t i = 0; i < SIZES * OF_A_SIZE; i++) xfree(blocks[i % SIZES][i / SIZES]);
    return unused;
}

static int threads(void) {
    size_t before = 0;
    for (int i = 0; i < THREADS; i++) {
        if (i == WARM_THREADS) before = resident_now();
        pthread_t thread;
        if (pthread_create(&thread, NULL, take_and_free, NULL) != 0 || pthread_join(thread, NULL) != 0) return 3;
    }
    return limit_growth("resident memory, after 1,500 threads took and freed 20 blocks of each of four sizes,", before,
                        resident_now(), MOST_GROWTH);
}

// ---- Large blocks ---------------------------------------------------------------------------------------------------

enum { LARGE = 12, LARGE_TIMES = 400000, LARGE_WARM = 1000 };

// Neighbours that are freed in every order are cut, joined and unmapped, and each of that needs and gives a record.
static int records(void) {
    void* blocks[LARGE] = {NULL};
    size_t before = 0;
    srandom(1);
    for (size_t i = 0; i < LARGE_TIMES; i++) {
        if (i == LARGE_WARM) before = resident_now();
        size_t which = (size_t)random() % LARGE;
        xfree(blocks[which]);
        blocks[which] = xmalloc((2 + (size_t)random() % 7) * MIB + PAGE);
        if (blocks[which] == NULL) return 3;
    }
    return limit_growth("resident memory, while 12 untouched large blocks were replaced 400,000 times,", before,
                        resident_now(), MOST_GROWTH);
}

static int shrinking(void) {
    char* block = taken(8 * MIB);
    size_t before = resident_now();
    block = xrealloc(block, 6 * MIB + 100 * KIB);  // as many slots as before
    size_t after = resident_now();
    if (block == NULL) return 3;
    return limit_growth("resident memory, less 1 MiB, when a block shrank from 8 to 6.1 MiB,", before - MIB, after, 0);
}

// ---- Refusals -------------------------------------------------------------------------------------------------------

enum { REFUSALS = 20000, WARM_REFUSALS = 10, ROOM = 1024 * MIB };

// What is asked for in between would fit but for what refusals have lost.
static int refusals(void) {
    struct rlimit limit = {mapped_now() + ROOM, RLIM_INFINITY};
    size_t before = 0;
    if (setrlimit(RLIMIT_AS, &limit) != 0) return 3;
    for (size_t i = 0; i < REFUSALS; i++) {
        if (i == WARM_REFUSALS) before = resident_now();
        if (xmalloc((size_t)2 * ROOM + i % 5 * MIB) != NULL) return 3;
        size_t bytes = ROOM / 4 + i % 9 * (ROOM / 16);
        void* block = xmalloc(bytes);
        if (block == NULL) {
            printf("with room for %d MiB xmalloc(%zu) returned NULL, after %zu requests for more had been refused\n",
                   ROOM / MIB, bytes, i + 1);
            return 1;
        }
        xfree(block);
    }
    return limit_growth("resident memory, by 20,000 refused requests,", before, resident_now(), MOST_GROWTH);
}

static const struct {
    const char* name;
    int (*run)(void);
} cases[] = {{"threads", threads}, {"records", records}, {"shrinking", shrinking}, {"refusals", refusals}};

int main(int count, char** arguments) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0] && count == 2; i++) {
        if (strcmp(arguments[1], cases[i].name) == 0) return cases[i].run();
    }
    fprintf(stderr, "usage: losses threads|records|shrinking|refusals\n");
    return 2;
}

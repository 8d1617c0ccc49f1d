// tight.c: how much memory programs need that par was not made for. Each case is one of a kind: blocks of which little
// is touched, sizes that fill no huge page, threads that idle, sizes that change.
//
// Usage: tight CASE. Prints the resident memory in KiB at the end of the case, and how many mappings there are. Uses
// whichever malloc the process has.

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/tools/chance.h"

enum { KIB = 1024, MIB = 1024 * KIB, PAGE = 4096, BLOCKS_MOST = 5000000 };

static char* blocks[BLOCKS_MOST];

static char* taken(size_t bytes, size_t touched) {
    char* block = malloc(bytes);
    if (block == NULL) {
        fprintf(stderr, "tight: no memory for %zu bytes\n", bytes);
        exit(2);
    }
    memset(block, 1, touched);
    return block;
}

static void take_many(size_t count, size_t bytes, size_t touched) {
    for (size_t i = 0; i < count; i++) blocks[i] = taken(bytes, touched);
}

// ---- Little is touched ----

static void sparse_large(void) { take_many(500, 4 * MIB, PAGE); }
static void sparse_medium(void) { take_many(500, MIB, PAGE); }
static void sparse_buffers(void) { take_many(4000, 128 * KIB, PAGE); }

// Lengths that leave something behind the end, of which nobody touches anything; also when they come again.
static void sparse_odd(void) {
    enum { COUNT = 4000, BYTES = 130000 };
    take_many(COUNT, BYTES, PAGE);
    for (size_t i = 0; i < COUNT; i++) {
        free(blocks[i]);
        blocks[i] = taken(BYTES, PAGE);
    }
}

static void sparse_zeros(void) {
    char* block = calloc(512, MIB);
    if (block == NULL) exit(2);
    uint64_t random = 1;
    for (int i = 0; i < 400; i++) {
        block[(next_random(&random) >> 20) % (512 * (size_t)MIB)] = 1;
    }
}

// Of zeros that come and go two pages each are touched.
static void zeros_again(void) {
    uint64_t random = 1;
    for (int i = 0; i < 2000; i++) {
        char** block = &blocks[random_below(&random, 20)];
        size_t bytes = MIB + (random >> 20) % (29 * (size_t)MIB);
        free(*block);
        *block = calloc(1, bytes);
        if (*block == NULL) exit(2);
        (*block)[0] = (*block)[bytes / 2] = 1;
    }
}

// ---- After much that was filled ----

static void fill(size_t count, size_t bytes) {
    for (size_t i = 0; i < count; i++) (void)taken(bytes, bytes);
}

// Tables as large as the buffers before them.
static void after_files(void) {
    for (int i = 0; i < 20; i++) {
        char* file = taken(8 * MIB, 8 * MIB);
        char* parsed = taken(8 * MIB, 8 * MIB);
        free(file);
        free(parsed);
    }
    take_many(30, 8 * MIB, 1);
    for (size_t i = 0; i < 30; i++) {
        for (size_t at = 0; at < 8 * MIB; at += 160 * KIB) blocks[i][at] = 1;
    }
}

static void after_matrices(void) {
    fill(6, 16 * MIB);
    take_many(10, 64 * MIB, 1);
    for (size_t i = 0; i < 10; i++) {
        for (size_t at = 0; at < 64 * MIB; at += MIB) blocks[i][at] = 1;
    }
}

// Stacks of coroutines.
static void after_reads(void) {
    fill(40, MIB);
    take_many(1000, 256 * KIB, 2 * PAGE);
}

// 20,000 blocks that end a page behind a huge page: neither memory nor mappings may go with them.
static void many_mappings(void) { take_many(20000, 2 * MIB + PAGE, 1); }

// ---- All is touched, in sizes that do not fit ----

static void odd_1150000(void) { take_many(200, 1150000, 1150000); }
static void odd_1052672(void) { take_many(200, 1052672, 1052672); }
static void odd_720000(void) { take_many(300, 720000, 720000); }

// ---- Threads that idle ----

static pthread_barrier_t all_are_there, all_may_go;

static size_t next_size(size_t bytes) { return bytes < 256 ? bytes + 16 : bytes + bytes / 6; }

static void* one_of_each(void* unused) {
    size_t bytes = 16;
    for (int i = 0; i < 60; i++) {
        free(taken(bytes, bytes));
        bytes = next_size(bytes);
    }
    pthread_barrier_wait(&all_are_there);
    pthread_barrier_wait(&all_may_go);
    return unused;
}

static void* many_of_each(void* unused) {
    for (int round = 0; round < 8; round++) {
        for (size_t bytes = 16; bytes <= 64 * KIB; bytes = next_size(bytes)) {
            char* some[4];
            for (int i = 0; i < 4; i++) some[i] = taken(bytes, bytes);
            for (int i = 0; i < 4; i++) free(some[i]);
        }
    }
    pthread_barrier_wait(&all_are_there);
    pthread_barrier_wait(&all_may_go);
    return unused;
}

static pthread_t threads[1000];

static void start_all(unsigned count, void* (*work)(void*)) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 * KIB);
    pthread_barrier_init(&all_are_there, NULL, count + 1);
    pthread_barrier_init(&all_may_go, NULL, count + 1);
    for (unsigned i = 0; i < count; i++) {
        if (pthread_create(&threads[i], &attributes, work, NULL) != 0) exit(2);
    }
    pthread_barrier_wait(&all_are_there);
}

static void idle_64(void) { start_all(64, one_of_each); }
static void idle_1000(void) { start_all(1000, one_of_each); }
static void busy_200(void) { start_all(200, many_of_each); }

// ---- What lives changes ----

// 1 MB lives, of each size for a while.
static void moving(void) {
    for (size_t bytes = 16; bytes <= 200000; bytes += bytes / 16 + 16) {
        size_t count = 1000000 / bytes;
        for (int round = 0; round < 3; round++) {
            take_many(count, bytes, bytes);
            for (size_t i = 0; i < count; i++) free(blocks[i]);
        }
    }
}

// Of 300 MiB in small blocks one in 2 MiB survives.
static void survivors(void) {
    enum { BYTES = 64, KEPT = 2 * MIB / BYTES };
    size_t count = 300 * (size_t)MIB / BYTES;
    take_many(count, BYTES, BYTES);
    for (size_t i = 0; i < count; i++) {
        if (i % KEPT != 0) free(blocks[i]);
    }
}

static const struct {
    const char* name;
    void (*run)(void);
} cases[] = {
    {"sparse_large", sparse_large},
    {"sparse_medium", sparse_medium},
    {"sparse_buffers", sparse_buffers},
    {"sparse_odd", sparse_odd},
    {"sparse_zeros", sparse_zeros},
    {"zeros_again", zeros_again},
    {"after_files", after_files},
    {"after_matrices", after_matrices},
    {"after_reads", after_reads},
    {"many_mappings", many_mappings},
    {"odd_1150000", odd_1150000},
    {"odd_1052672", odd_1052672},
    {"odd_720000", odd_720000},
    {"idle_64", idle_64},
    {"idle_1000", idle_1000},
    {"busy_200", busy_200},
    {"moving", moving},
    {"survivors", survivors},
};

static unsigned long mappings(void) {
    unsigned long lines = 0;
    FILE* file = fopen("/proc/self/maps", "r");
    if (file == NULL) return 0;
    for (int c = getc(file); c != EOF; c = getc(file)) lines += c == '\n';
    fclose(file);
    return lines;
}

static void print_resident(void) {
    unsigned long all, resident;
    FILE* file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lu %lu", &all, &resident) != 2) exit(2);
    fclose(file);
    printf("%lu KiB, %lu mappings\n", resident * ((unsigned long)sysconf(_SC_PAGESIZE) / KIB), mappings());
}

int main(int argc, char** argv) {
    for (size_t i = 0; argc == 2 && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(argv[1], cases[i].name) != 0) continue;
        cases[i].run();
        print_resident();
        fflush(stdout);
        _exit(0);  // threads still wait
    }
    fputs("usage: tight CASE, one of", stderr);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) fprintf(stderr, " %s", cases[i].name);
    fputc('\n', stderr);
    return 2;
}

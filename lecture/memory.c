// memory.c: what a heap does to the memory of its process while the program's own need grows, changes its sizes, and
// falls. Prints one line a sample: phase, KiB asked for and living, KiB resident.
//
// Usage: memory [MIB]   (the peak of what is asked for; 48 when left out)
//
// All bookkeeping lies in static arrays, which are touched before the first sample: what is resident beyond that first
// sample is the allocator's. The order of the calls is the same in every run.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/pattern.h"
#include "programs/failure.h"
#include "xmalloc.h"

enum { MOST_MIB = 256, BLOCKS_MOST = MOST_MIB * 4096, SAMPLES_MOST = 400 };
enum { SAMPLES_A_PHASE = 40, SAMPLES_AT_REST = 12, CALLS_AT_REST = 500 };
enum { LEFT_BETWEEN = 4, LEFT_AFTER_PEAK = 16 };  // one part in so many lives on

static struct {
    void* at;
    size_t bytes;
} blocks[BLOCKS_MOST];
static size_t block_count, living_bytes;
static struct pattern_random random_state;

static struct {
    const char* phase;
    size_t asked_kib, resident_kib;
} samples[SAMPLES_MOST];
static size_t sample_count;
static int statm;

// The second number of /proc/self/statm counts resident pages. Read without stdio, whose buffer would take memory.
static size_t resident_kib(void) {
    char text[128];
    ssize_t length = pread(statm, text, sizeof text - 1, 0);
    if (length <= 0) fail(EXIT_NO_ANSWER, "/proc/self/statm cannot be read");
    text[length] = '\0';
    char* second = strchr(text, ' ');
    if (second == NULL) fail(EXIT_NO_ANSWER, "/proc/self/statm has no second number");
    return strtoul(second, NULL, 10) * ((size_t)sysconf(_SC_PAGESIZE) / 1024);
}

static void take_sample(const char* phase) {
    if (sample_count == SAMPLES_MOST) fail(EXIT_NO_ANSWER, "there are more samples than room for them");
    samples[sample_count].phase = phase;
    samples[sample_count].asked_kib = living_bytes / 1024;
    samples[sample_count].resident_kib = resident_kib();
    sample_count++;
}

static void take_block(unsigned low, unsigned high) {
    if (block_count == BLOCKS_MOST) fail(EXIT_NO_ANSWER, "there are more blocks than room for them");
    size_t bytes = pattern_random_bytes(&random_state, low, high);
    void* block = xmalloc(bytes);
    if (block == NULL) fail_no_memory("a block");
    memset(block, 1, bytes);
    blocks[block_count].at = block;
    blocks[block_count].bytes = bytes;
    block_count++;
    living_bytes += bytes;
}

static void free_block(size_t chosen) {
    xfree(blocks[chosen].at);
    living_bytes -= blocks[chosen].bytes;
    blocks[chosen] = blocks[--block_count];
}

static void free_any_block(void) { free_block(pattern_random_below(&random_state, block_count)); }

// Goes up to or down to so many living bytes, sampling on the way. New blocks have from 2^low to 2^high bytes.
static void go_to(const char* phase, size_t target_bytes, unsigned low, unsigned high) {
    size_t start_bytes = living_bytes;
    for (size_t i = 1; i <= SAMPLES_A_PHASE; i++) {
        if (target_bytes > start_bytes) {
            while (living_bytes < start_bytes + (target_bytes - start_bytes) / SAMPLES_A_PHASE * i)
                take_block(low, high);
        } else {
            size_t down_to = start_bytes - (start_bytes - target_bytes) / SAMPLES_A_PHASE * i;
            while (living_bytes > down_to) free_any_block();
        }
        take_sample(phase);
    }
}

// A program that idles still makes a few calls, and some allocators give memory back in calls only.
static void rest(const char* phase) {
    for (int i = 0; i < SAMPLES_AT_REST; i++) {
        for (int call = 0; call < CALLS_AT_REST; call++) take_block(6, 9);
        for (int call = 0; call < CALLS_AT_REST; call++) free_block(block_count - 1);
        take_sample(phase);
    }
}

int main(int argc, char** argv) {
    failure_names_program(argv[0]);
    unsigned long mib = argc > 1 ? strtoul(argv[1], NULL, 10) : 48;
    if (argc > 2 || mib < 1 || mib > MOST_MIB) fail(EXIT_USAGE, "usage: memory [MIB]   (1 to %d)", MOST_MIB);
    size_t peak_bytes = mib * 1024 * 1024;

    statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    memset(blocks, 1, sizeof blocks);
    memset(samples, 1, sizeof samples);
    random_state = pattern_random_from(mib);

    take_sample("start");
    go_to("grow", peak_bytes, 6, 12);
    go_to("thin out", peak_bytes / LEFT_BETWEEN, 0, 0);
    go_to("other sizes", peak_bytes, 8, 13);
    go_to("shrink", peak_bytes / LEFT_AFTER_PEAK, 0, 0);
    rest("rest");
    while (block_count > 0) free_any_block();
    take_sample("all freed");
    rest("all freed");

    size_t before_kib = samples[0].resident_kib;
    for (size_t i = 0; i < sample_count; i++) {
        size_t now_kib = samples[i].resident_kib;
        size_t beyond_kib = now_kib > before_kib ? now_kib - before_kib : 0;
        printf("%s\t%zu\t%zu\n", samples[i].phase, samples[i].asked_kib, beyond_kib);
    }
    return 0;
}

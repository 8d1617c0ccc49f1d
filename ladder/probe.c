// probe.c: one probe after the user's choice. Usage: probe-NAME PROBE NUMBER ..., or probe-NAME --list.

#include "ladder/probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "programs/failure.h"
#include "programs/options.h"
#include "xmalloc.h"

static const Probe* const probes[] = {
    &probe_overhead, &probe_first,        &probe_holes,      &probe_stuck, &probe_after, &probe_row,
    &probe_pair,     &probe_shared_lines, &probe_neighbours, &probe_steps, &probe_hands, &probe_advice,
};
enum { PROBES = sizeof probes / sizeof probes[0], ARGUMENTS_MOST = 3 };

void* probe_take(size_t bytes) {
    void* block = xmalloc(bytes);
    if (block == NULL) fail_no_memory("a block of the probe");
    memset(block, 1, bytes);
    return block;
}

void probe_answer(const char* name, double number) { printf("%s %.6g\n", name, number); }

double probe_now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return 1e9 * (double)time.tv_sec + (double)time.tv_nsec;
}

size_t probe_proc_bytes(const char* path, const char* name) {
    FILE* file = fopen(path, "re");
    if (file == NULL) fail(EXIT_NO_ANSWER, "%s cannot be read", path);
    char line[256];
    size_t kib = 0;
    size_t length = strlen(name);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, length) == 0 && line[length] == ':') kib = strtoul(line + length + 1, NULL, 10);
    }
    fclose(file);
    return kib * 1024;
}

size_t probe_mapped(void) { return probe_proc_bytes("/proc/self/status", "VmSize"); }
size_t probe_resident(void) { return probe_proc_bytes("/proc/self/smaps_rollup", "Anonymous"); }

static int compare_addresses(const void* left, const void* right) {
    uintptr_t a = (uintptr_t) * (void* const*)left;
    uintptr_t b = (uintptr_t) * (void* const*)right;
    return (a > b) - (a < b);
}

void probe_sort(void** blocks, size_t count) { qsort(blocks, count, sizeof blocks[0], compare_addresses); }

size_t probe_random(uint64_t* state, size_t low, size_t high) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return low + (size_t)(*state >> 33) % (high - low + 1);
}

static _Noreturn void fail_usage(const char* why) {
    fail(EXIT_USAGE, "%s\nusage: probe-NAME PROBE NUMBER ..., or probe-NAME --list", why);
}

static void run(int argc, char** argv) {
    size_t arguments[ARGUMENTS_MOST] = {0};
    for (size_t i = 0; i < PROBES; i++) {
        if (strcmp(probes[i]->name, argv[1]) != 0) continue;
        if ((unsigned)argc - 2 != probes[i]->arguments) fail_usage(probes[i]->question);
        for (int k = 2; k < argc; k++) {
            char* end;
            arguments[k - 2] = strtoul(argv[k], &end, 10);
            if (*end != '\0' || arguments[k - 2] == 0) fail_usage("a number must be 1 or more");
        }
        probes[i]->run(arguments);
        return;
    }
    fail_usage("there is no such probe");
}

int main(int argc, char** argv) {
    failure_names_program(argv[0]);
    if (argc < 2) fail_usage("PROBE is missing");
    if (strcmp(argv[1], "--list") == 0) {
        for (size_t i = 0; i < PROBES; i++) printf("%s\t%s\n", probes[i]->name, probes[i]->question);
        return 0;
    }
    run(argc, argv);
    return 0;
}

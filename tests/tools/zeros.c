// zeros.c: what os_clear makes of memory of which a part was touched.
//
// "part": a table of which every other page is touched, or every fourth, is cleared again and again, and the same pages
// are touched; hardly ever may they have lost their memory. "sparse": of one of which a sixteenth is touched, others
// each time, little stays resident. Both look at every byte. Exit status: 1 with a line that says what was not so.

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "par/os.h"
#include "tests/tools/resident.h"

enum {
    PAGE = 4096,
    SHORT = 128 * 1024,
    LONG = 5 * 1024 * 1024,  // several pieces, and a part of one
    TIMES = 100,
    FAULTS_MOST = 200,  // beside those that touch each page once
    SPARSE = 16,
    SPARSE_MOST = 2,  // times what is touched, and a MiB
};

static size_t faults(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_minflt;
}

static char* map(size_t bytes) {
    char* start = os_map(bytes, PAGE);
    if (start == NULL) exit(3);
    return start;
}

static bool is_zero(const char* start, size_t bytes) {
    return start[0] == 0 && memcmp(start, start + 1, bytes - 1) == 0;
}

static void touch_every(char* start, size_t bytes, size_t every, size_t first) {
    for (size_t page = first; page < bytes / PAGE; page += every) memset(start + page * PAGE, 1, PAGE);
}

static int part_of(size_t bytes, size_t every) {
    char* start = map(bytes);
    size_t before = faults();
    for (int i = 0; i < TIMES; i++) {
        touch_every(start, bytes, every, 0);
        os_clear(start, bytes);
    }
    size_t faulted = faults() - before;
    if (!is_zero(start, bytes)) {
        printf("of %zu KiB every page of %zu was touched, and they are not cleared\n", bytes / 1024, every);
        return 1;
    }
    if (faulted <= bytes / PAGE + FAULTS_MOST) return 0;
    printf("of %zu KiB every page of %zu was touched and cleared %d times, which met %zu faults\n", bytes / 1024, every,
           TIMES, faulted);
    return 1;
}

static int part(void) {
    static const size_t everies[] = {1, 2, 4};
    for (size_t i = 0; i < sizeof everies / sizeof everies[0]; i++) {
        if (part_of(SHORT, everies[i]) != 0 || part_of(LONG, everies[i]) != 0) return 1;
    }
    return 0;
}

static int sparse(void) {
    char* start = map(LONG);
    size_t before = resident();
    size_t most = 0;
    for (size_t i = 0; i < TIMES; i++) {
        touch_every(start, LONG, SPARSE, i % SPARSE);
        if (resident() > most) most = resident();
        os_clear(start, LONG);
    }
    if (!is_zero(start, LONG)) {
        puts("a sixteenth of the pages was touched, and they are not cleared");
        return 1;
    }
    if (most <= before + SPARSE_MOST * (LONG / SPARSE) + 1024 * 1024) return 0;
    printf("of %d KiB %d are touched each time, and %zu became resident\n", LONG / 1024, LONG / 1024 / SPARSE,
           (most - before) / 1024);
    return 1;
}

int main(int count, char** arguments) {
    if (count != 2) return 2;
    if (strcmp(arguments[1], "part") == 0) return part();
    return strcmp(arguments[1], "sparse") == 0 ? sparse() : 2;
}

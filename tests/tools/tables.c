// tables.c: what zeros_make makes of tables in memory that was written, once it has seen some.
//
// "sparse": of each table a few pages are touched. Most lose what memory they have, so that little stays resident.
// "filled": each table is written whole. Hardly any loses its memory, for each page would cost a fault. Both look at
// every byte. Exit status: 1 with a line that says what was not so.

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "par/os.h"
#include "par/zeros.h"
#include "tests/tools/resident.h"

enum {
    PAGE = 4096,
    MIB = 1024 * 1024,
    TABLES = 64,
    LEAST = 300 * 1024,  // of two kinds, with ends inside of pages
    STEP = 5000,
    TURNS = 20,
    SPARSE = 16,
    SPARSE_MOST = 8 * MIB,  // of 28
    FAULTS_SHARE = 20,
};

static size_t faults(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_minflt;
}

static size_t bytes_of(size_t table) { return LEAST + table * STEP; }

static void make(char* start, size_t bytes) {
    zeros_make(start, bytes);
    if (start[0] == 0 && memcmp(start, start + 1, bytes - 1) == 0) return;
    printf("a table of %zu bytes is not zero\n", bytes);
    exit(1);
}

static void touch_every(char* start, size_t bytes, size_t every, size_t first) {
    for (size_t page = first; page < bytes / PAGE; page += every) start[page * PAGE] = 1;
}

// Each place served a table at first, and then something that was written whole.
static char* written_area(size_t touched_every) {
    char* area = os_map((size_t)TABLES * MIB, PAGE);
    if (area == NULL) exit(3);
    for (size_t i = 0; i < TABLES; i++) {
        char* start = area + i * MIB;
        zeros_are_fresh(start, bytes_of(i));
        touch_every(start, bytes_of(i), touched_every, 0);
        zeros_ends(start, bytes_of(i));
        memset(start, 1, bytes_of(i));
    }
    return area;
}

// To look at a table maps its pages, so these are looked at at the end.
static int sparse(void) {
    size_t before = resident();
    char* area = written_area(SPARSE);
    for (size_t turn = 0; turn < TURNS; turn++) {
        for (size_t i = 0; i < TABLES; i++) {
            char* start = area + i * MIB;
            zeros_make(start, bytes_of(i));
            touch_every(start, bytes_of(i), SPARSE, turn % SPARSE);
            zeros_ends(start, bytes_of(i));
        }
    }
    size_t more = resident() - before;
    for (size_t i = 0; i < TABLES; i++) make(area + i * MIB, bytes_of(i));
    if (more <= SPARSE_MOST) return 0;
    printf("%zu MiB stay with sparse tables\n", more / MIB);
    return 1;
}

static int filled(void) {
    char* area = written_area(1);
    size_t before = faults();
    size_t pages = 0;
    for (size_t turn = 0; turn < TURNS; turn++) {
        for (size_t i = 0; i < TABLES; i++) {
            char* start = area + i * MIB;
            make(start, bytes_of(i));
            memset(start, 1, bytes_of(i));
            zeros_ends(start, bytes_of(i));
            pages += bytes_of(i) / PAGE;
        }
    }
    size_t faulted = faults() - before;
    if (faulted <= pages / FAULTS_SHARE) return 0;
    printf("%zu page faults, for %zu pages of tables that are filled\n", faulted, pages);
    return 1;
}

int main(int count, char** arguments) {
    if (count != 2) return 2;
    if (strcmp(arguments[1], "filled") == 0) return filled();
    return strcmp(arguments[1], "sparse") == 0 ? sparse() : 2;
}

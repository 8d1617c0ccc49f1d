// shortened.c: buffers that are filled, made as long as what is to be kept, and kept for a while, cost hardly any page
// fault once the heap has the memory for them.
//
// What is left behind a shortened block is too short for the next buffer, so where all of them stay in their places
// each buffer gets pages that were given up. Exit status: 1 with a line for each fault.

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/tools/chance.h"
#include "xmalloc.h"

enum { KIB = 1024, KEPT = 200, TIMES = 2000, FAULTS_MOST = 8 };

static const struct {
    size_t buffer, least, most;
} cases[] = {{1024 * KIB, 20 * KIB, 200 * KIB}, {256 * KIB, 70 * KIB, 160 * KIB}, {1900 * KIB, 20 * KIB, 700 * KIB}};
enum { CASES = sizeof cases / sizeof cases[0] };

static char* kept[KEPT];
static uint64_t random_state = 7;

static long faults(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_minflt;
}

static void shorten(size_t buffer_bytes, size_t least, size_t most) {
    char** place = &kept[random_below(&random_state, KEPT)];
    xfree(*place);
    char* buffer = xmalloc(buffer_bytes);
    memset(buffer, 1, buffer_bytes);
    *place = xrealloc(buffer, least + random_below(&random_state, most - least));
}

int main(void) {
    int bad = 0;
    for (int i = 0; i < CASES; i++) {
        for (int time = 0; time < TIMES; time++) shorten(cases[i].buffer, cases[i].least, cases[i].most);
        long before = faults();
        for (int time = 0; time < TIMES; time++) shorten(cases[i].buffer, cases[i].least, cases[i].most);
        long each = (faults() - before) / TIMES;
        if (each > FAULTS_MOST) printf("each buffer of %zu KiB made %ld page faults\n", cases[i].buffer / KIB, each);
        bad += each > FAULTS_MOST;
        for (int block = 0; block < KEPT; block++) {
            xfree(kept[block]);
            kept[block] = NULL;
        }
    }
    return bad > 0;
}

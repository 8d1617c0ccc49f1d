// steps.c: blocks of pages that grow in short steps.
//
//     steps few      what lies behind them is not looked at and written anew with each step
//     steps first    a byte too many behind a block that made its first short step ends the process
//     steps longer   so does one behind a block that made a longer step after many short ones
//     steps page     and one behind a block that has just come back to another page of its room
//
// Linked with --wrap=slack_seal. Exit status: 1 with a line that says what was found.

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "par/slack.h"
#include "xmalloc.h"

enum { STEP = 8, BLOCKS = 3, FROM = 100000, TO = 300000, LONGER = 64, PAGE = 4096, SEALS_A_PAGE_MOST = 4 };

struct used __real_slack_seal(char* start, size_t bytes, enum slack behind);

static size_t seals;

struct used __wrap_slack_seal(char* start, size_t bytes, enum slack behind) {
    seals++;
    return __real_slack_seal(start, bytes, behind);
}

static char* grow(char* block, size_t bytes) {
    block = xrealloc(block, bytes);
    if (block == NULL) exit(3);
    memset(block + bytes - STEP, 1, STEP);
    return block;
}

static int seals_are_few(void) {
    char* blocks[BLOCKS] = {NULL};
    for (size_t bytes = FROM; bytes < TO; bytes += STEP) {
        for (int i = 0; i < BLOCKS; i++) blocks[i] = grow(blocks[i], bytes);
    }
    for (int i = 0; i < BLOCKS; i++) xfree(blocks[i]);
    size_t most = (size_t)BLOCKS * (TO - FROM) / PAGE * SEALS_A_PAGE_MOST;
    if (seals <= most) return 0;
    printf("what lies behind blocks that grew by %d bytes was written %zu times, not %zu at most\n", STEP, seals, most);
    return 1;
}

// Comes from one length to another in short steps, makes one that must be watched, and writes a byte too many.
static void overrun(size_t from, size_t to, size_t last) {
    char* block = NULL;
    size_t step = from <= to ? STEP : -(size_t)STEP;
    for (size_t bytes = from; bytes != to + step; bytes += step) block = grow(block, bytes);
    block = grow(block, last);
    block[last] ^= 0x55;
    xfree(block);
}

static int ends_process(size_t from, size_t to, size_t last) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL) _exit(3);
        overrun(from, to, last);
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) exit(3);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) return 0;
    printf("a byte too many behind a block of %zu bytes did not end the process\n", last);
    return 1;
}

int main(int count, char** arguments) {
    const char* what = count == 2 ? arguments[1] : "";
    size_t page_end = (FROM + 2 * PAGE) / PAGE * PAGE;
    if (strcmp(what, "few") == 0) return seals_are_few();
    if (strcmp(what, "first") == 0) return ends_process(FROM, FROM, FROM + STEP);
    if (strcmp(what, "longer") == 0) return ends_process(FROM, FROM + 100 * STEP, FROM + 100 * STEP + LONGER);
    if (strcmp(what, "page") == 0) return ends_process(page_end + 100 * STEP, page_end + STEP, page_end - STEP);
    return 3;
}

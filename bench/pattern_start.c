// pattern_start.c: processes so short that the allocator's own start and the loading of its library are what is felt.

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/pattern.h"
#include "programs/failure.h"
#include "xmalloc.h"

enum { STARTS = 500, BLOCKS = 10 };

int pattern_start_once(void) {
    void* blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) blocks[i] = pattern_take((size_t)16 << i);
    for (size_t i = 0; i < BLOCKS; i++) xfree(blocks[i]);
    return 0;
}

// The processes run one after the other; what they used counts for this one, which has waited for them.
static uint64_t start_processes(unsigned threads, unsigned percent) {
    (void)threads;
    char* arguments[] = {"patterns", "start-once", NULL};
    unsigned starts = STARTS / 100 * percent;
    for (unsigned i = 0; i < starts; i++) {
        pid_t child = 0;
        int error = posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ);
        if (error != 0) fail(EXIT_NO_ANSWER, "process %u could not be started: %s", i + 1, strerror(error));
        int status = 0;
        while (waitpid(child, &status, 0) < 0) {
            if (errno != EINTR) fail(EXIT_NO_ANSWER, "process %u is lost: %s", i + 1, strerror(errno));
        }
        if (status != 0) fail(EXIT_NO_ANSWER, "process %u ended with wait status %d", i + 1, status);
    }
    return (uint64_t)starts * 2 * BLOCKS;
}
const struct pattern pattern_start = {
    "start",
    "A program takes ten blocks and ends, again and again, like the tools that a shell script or a build calls.", 1,
    start_processes};

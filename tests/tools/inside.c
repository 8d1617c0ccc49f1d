// inside.c: a pointer into a block is no block: xfree and xrealloc end the process, wherever it leads.
//
// A process for each size class and each place asked about: a block among many of its class, some of which are free.
// Exit status: 1 with a line for each place that was taken for a block.

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "par/size_class.h"
#include "xmalloc.h"

enum { BLOCKS = 24, MIDDLE = 11, WARM = 8, TIMES = 20 };

static void misuse(size_t bytes, size_t inside, bool resizes) {
    char* blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) blocks[i] = xmalloc(bytes);
    // A thread that has freed often has room for more, and looks less closely.
    for (int time = 0; time < TIMES; time++) {
        for (int i = 0; i < WARM; i++) xfree(blocks[i]);
        for (int i = 0; i < WARM; i++) blocks[i] = xmalloc(bytes);
    }
    for (int i = 0; i < WARM - 2; i++) xfree(blocks[i]);
    for (int i = 0; i < WARM / 2; i++) blocks[i] = xmalloc(bytes);
    if (blocks[MIDDLE] == NULL || freopen("/dev/null", "w", stderr) == NULL) _exit(3);
    if (resizes) {
        _exit(xrealloc(blocks[MIDDLE] + inside, bytes) == NULL);
    } else {
        xfree(blocks[MIDDLE] + inside);
    }
    _exit(0);
}

static bool ends_the_process(size_t bytes, size_t inside, bool resizes) {
    pid_t child = fork();
    if (child == 0) misuse(bytes, inside, resizes);
    int status = 0;
    if (child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
        return true;
    printf("%s of byte %zu of a block of %zu bytes: wait status %#x, not SIGABRT\n", resizes ? "xrealloc" : "xfree",
           inside, bytes, (unsigned)status);
    return false;
}

int main(void) {
    bool holds = true;
    xfree(xmalloc(1));  // so that there are classes
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        size_t bytes = size_classes[size_class].block_bytes;
        for (size_t inside = ALIGNMENT; inside < bytes; inside *= 2) {
            holds &= ends_the_process(bytes, inside, false);
            holds &= ends_the_process(bytes, bytes - inside, inside % (4 * ALIGNMENT) == 0);
        }
    }
    return holds ? 0 : 1;
}

// abort_handler.c: frees a block twice, and its handler for the end that follows does so again, as handlers do that
// tidy up. The process must end all the same, by the signal.

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

static void* volatile block;

static void tidy_up(int unused) {
    (void)unused;
    free(block);  // NOLINT(bugprone-signal-handler): the subject
}

int main(void) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    signal(SIGABRT, tidy_up);
    block = malloc(100);
    free(block);
    free(block);  // NOLINT(clang-analyzer-unix.Malloc): the subject
    return 1;
}

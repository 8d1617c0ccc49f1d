// context.c: right calls in a wrong place: a signal handler (CWE-479), a child of vfork(2), a child of fork(2), the end
// of the process.

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "misuse/programs/wrong.h"

static char* volatile shared;

static void give_shared(int unused) {
    (void)unused;
    give(shared);  // NOLINT(bugprone-signal-handler): the subject
}

// The handler gives back what main is about to give back.
static void handler_first(size_t bytes, size_t by) {
    (void)by;
    shared = victim(bytes);
    signal(SIGUSR1, give_shared);
    raise(SIGUSR1);
    act_by_call();
    give(shared);
    acted();
}

static void handler_twice(size_t bytes, size_t by) {
    (void)by;
    shared = victim(bytes);
    signal(SIGUSR1, give_shared);
    raise(SIGUSR1);
    others_come_and_go();
    act_by_call();
    raise(SIGUSR1);
    acted();
}

// The child of vfork shares the memory: what it gives back is the parent's.
static void vfork_child(size_t bytes, size_t by) {
    (void)by;
    shared = victim(bytes);
    pid_t child = vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork): its misuse is the subject
    if (child == 0) {
        give(shared);  // NOLINT(clang-analyzer-unix.Vfork)
        _exit(0);
    }
    waitpid(child, NULL, 0);
    act_by_call();
    give(shared);
    acted();
}

// Freed before the fork, and by the child once more. How the child ends is how the program ends.
static void fork_child(size_t bytes, size_t by) {
    (void)by;
    char* block = victim(bytes);
    give(block);
    act_by_call();
    pid_t child = fork();
    if (child == 0) {
        give(block);
        acted();
        return;  // to the aftermath
    }
    int status;
    if (waitpid(child, &status, 0) != child) _exit(3);
    if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    _exit(3);
}

static void give_at_exit(void) { give(shared); }

static void at_exit(size_t bytes, size_t by) {
    (void)by;
    shared = victim(bytes);
    give(shared);
    atexit(give_at_exit);
    act_by_call();
    exit(0);  // NOLINT(concurrency-mt-unsafe)
}

const struct kind context_kinds[] = {
    {479, "handler-first", handler_first, little_sizes, NULL},
    {479, "handler-twice", handler_twice, little_sizes, NULL},
    {415, "vfork-child", vfork_child, little_sizes, NULL},
    {415, "fork-child", fork_child, little_sizes, NULL},
    {415, "at-exit", at_exit, little_sizes, NULL},
    {0},
};

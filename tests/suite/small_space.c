// small_space.c: starts the program tests/contract/small_space.c and reports what it said.

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/suite/support/calls.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

enum { NOT_LOADED = 127 };  // the loader's status, when there is no room for the C library

// The program beside this one: .../small_space-NAME for .../suite-NAME.
static const char* path_of_program(void) {
    static char path[4096 + sizeof "small_space-"];
    char suite[4096];
    ssize_t length = readlink("/proc/self/exe", suite, sizeof suite - 1);
    if (length <= 0) fail_test("/proc/self/exe cannot be read: this test needs /proc");
    suite[length] = '\0';
    const char* file = strrchr(suite, '/') + 1;
    const char* dash = strchr(file, '-');
    snprintf(path, sizeof path, "%.*ssmall_space-%s", (int)(file - suite), suite, dash == NULL ? file : dash + 1);
    return path;
}

START_TEST(mixed_blocks_of_9_mib_and_then_one_of_9_mib_fit_twice_into_16_mib) {
    const char* path = path_of_program();
    char kinds[24];
    snprintf(kinds, sizeof kinds, "%zu", backend.small_kinds);
    int channel[2];
    if (pipe(channel) == -1) fail_test("no pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child == -1) fail_test("no process for %s: %s", path, strerror(errno));
    if (child == 0) {
        dup2(channel[1], STDERR_FILENO);
        execl(path, path, kinds, (char*)NULL);
        dprintf(STDERR_FILENO, "it cannot be started: %s", strerror(errno));
        _exit(2);
    }
    close(channel[1]);

    // The line is shorter than what a pipe holds, and ends when the program does.
    char said[512] = "";
    size_t length = 0;
    ssize_t got;
    while ((got = read(channel[0], said + length, sizeof said - 1 - length)) > 0) length += (size_t)got;
    close(channel[0]);
    said[strcspn(said, "\n")] = '\0';

    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
        fail_test("small_space-%s crashed (%s) in an address space of 16 MiB; to see it: %s %s", backend.name,
                  strsignal(WTERMSIG(status)), path, kinds);
    }
    if (WEXITSTATUS(status) == NOT_LOADED) {
        fail_test("%s cannot be started in an address space of 16 MiB: are there large static variables? It says: %s",
                  path, said);
    }
    if (WEXITSTATUS(status) != 0) fail_test("%s", said);
}
END_TEST

TCase* small_space_case(void) {
    TCase* topic = new_case("small space");
    if (under_a_tool() || backend.small_kinds == 0) return topic;
    add_test(topic, mixed_blocks_of_9_mib_and_then_one_of_9_mib_fit_twice_into_16_mib);
    return topic;
}

// options.c: reads the launcher's command line, strictly: a mistyped limit must not become no limit.

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launch.h"

static const double MOST_SECONDS = 1e8;

static double parse_seconds(const char* option, const char* text) {
    char* end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value > 0 && value <= MOST_SECONDS)) {
        fail("%s '%s' is not a number of seconds over 0 and up to %.0f", option, text, MOST_SECONDS);
    }
    return value;
}

static bool is_number(const char* text) { return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0'; }

static uint64_t parse_count(const char* option, const char* text) {
    errno = 0;
    unsigned long long value = strtoull(text, NULL, 10);
    if (!is_number(text) || errno != 0 || value == 0) fail("%s '%s' is not a whole number over 0", option, text);
    return value;
}

// The highest numbers mean "none" to the kernel; the one above is used too (user.h).
static uid_t parse_user(const char* option, const char* text) {
    uint64_t value = parse_count(option, text);
    if (value > INT32_MAX) fail("%s '%s' is not the number of a user", option, text);
    return (uid_t)value;
}

static void add_path(const char** paths, size_t* count, const char* option, const char* path) {
    if (*count == MOST_FENCE_PATHS) fail("%s is given more than %d times", option, MOST_FENCE_PATHS);
    paths[(*count)++] = path;
}

static int parse_open_file(const char* option, const char* text) {
    uint64_t value = parse_count(option, text);
    if (value > INT32_MAX || fcntl((int)value, F_GETFD) < 0) fail("%s '%s' is not an open file", option, text);
    return (int)value;
}

static int open_report(const char* target) {
    int fd = is_number(target) ? fcntl(atoi(target), F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                               : open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) fail("cannot write the report to %s: %s", target, strerror(errno));
    return fd;
}

static void take_option(struct options* options, const char* option, const char* value) {
    if (strcmp(option, "--wall") == 0) {
        options->wall_s = parse_seconds(option, value);
    } else if (strcmp(option, "--cpu") == 0) {
        options->cpu_s = parse_seconds(option, value);
    } else if (strcmp(option, "--asleep") == 0) {
        options->asleep_s = parse_seconds(option, value);
    } else if (strcmp(option, "--memory") == 0) {
        options->memory_bytes = parse_count(option, value);
    } else if (strcmp(option, "--files") == 0) {
        options->files = parse_count(option, value);
    } else if (strcmp(option, "--processes") == 0) {
        options->processes = parse_count(option, value);
    } else if (strcmp(option, "--output") == 0) {
        options->output_bytes = parse_count(option, value);
    } else if (strcmp(option, "--threads") == 0) {
        options->threads = parse_count(option, value);
    } else if (strcmp(option, "--user-tasks") == 0) {
        options->user_tasks = parse_count(option, value);
    } else if (strcmp(option, "--file-bytes") == 0) {
        options->file_bytes = parse_count(option, value);
    } else if (strcmp(option, "--user") == 0) {
        options->user = parse_user(option, value);
    } else if (strcmp(option, "--see") == 0) {
        add_path(options->fence.see, &options->fence.see_count, option, value);
    } else if (strcmp(option, "--write") == 0) {
        add_path(options->fence.write, &options->fence.write_count, option, value);
    } else if (strcmp(option, "--keep") == 0) {
        options->kept_fd = parse_open_file(option, value);
    } else if (strcmp(option, "--touch") == 0) {
        options->touch_bytes = parse_count(option, value);
    } else if (strcmp(option, "--report") == 0) {
        options->report_fd = open_report(value);
    } else {
        fail(
            "unknown option '%s'; usage: launch [--wall SECONDS] [--cpu SECONDS] [--asleep SECONDS] [--memory BYTES] "
            "[--files N] "
            "[--file-bytes N] [--processes N] [--threads N] [--user-tasks N] [--output BYTES] [--touch BYTES] "
            "[--user UID] [--see PATH]... [--write PATH]... [--confine] [--stdin] [--question] [--keep FD] [--report "
            "FILE|FD] -- "
            "PROGRAM [ARGS...]",
            option);
    }
}

// Result: whether it was an option without a value.
static bool take_switch(struct options* options, const char* option) {
    if (strcmp(option, "--confine") == 0) {
        options->confine = true;
    } else if (strcmp(option, "--question") == 0) {
        options->standard_input = options->question = true;
    } else if (strcmp(option, "--stdin") == 0) {
        options->standard_input = true;
    } else {
        return false;
    }
    return true;
}

struct options parse_options(char** arguments) {
    struct options options = {.wall_s = INFINITY,
                              .cpu_s = INFINITY,
                              .asleep_s = INFINITY,
                              .memory_bytes = NO_LIMIT,
                              .files = NO_LIMIT,
                              .processes = NO_LIMIT,
                              .file_bytes = NO_LIMIT,
                              .threads = NO_LIMIT,
                              .user_tasks = NO_LIMIT,
                              .output_bytes = NO_LIMIT,
                              .report_fd = STDERR_FILENO,
                              .kept_fd = -1};
    char** next = arguments + 1;
    for (; next[0] != NULL && strcmp(next[0], "--") != 0; next++) {
        if (take_switch(&options, next[0])) continue;
        if (next[1] == NULL) fail("'%s' needs a value, and the options end with -- PROGRAM [ARGS...]", next[0]);
        take_option(&options, next[0], next[1]);
        next++;
    }
    if (next[0] == NULL || next[1] == NULL) fail("no program: the options end with -- PROGRAM [ARGS...]");
    options.command = next + 1;
    return options;
}

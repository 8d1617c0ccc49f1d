// launch.h: what the parts of the launcher share: what was asked for (options), and how the run stands (run).
//
// launch.c starts, watches and ends the program, options.c reads the command line, child.c turns the forked child into
// the program, confine.c, fence.c and user.c take rights from it, report.c writes the report. One thread only.

#ifndef MEASURE_LAUNCH_H
#define MEASURE_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "fence.h"
#include "relay.h"

enum { EXIT_STOPPED = 124, EXIT_OWN_FAILURE = 125, EXIT_NOT_STARTED = 126 };

enum { QUESTION_BYTES = 4096 };

static const uint64_t NO_LIMIT = UINT64_MAX;

struct options {
    double wall_s, cpu_s;  // INFINITY: no limit
    double asleep_s;       // how long all threads may sleep at once; INFINITY: for ever
    uint64_t memory_bytes, files, file_bytes, processes, threads, output_bytes;
    uint64_t user_tasks;   // threads that the program's user may have in all (RLIMIT_NPROC)
    uint64_t touch_bytes;  // of memory to make ready before the program starts; 0: none
    uid_t user;            // whom the program runs as; 0: as the launcher
    bool confine;          // confine.h
    bool standard_input;   // the program gets ours; otherwise it is empty
    bool question;         // ... but only when it has printed a line
    struct fence fence;
    int report_fd;
    int kept_fd;     // stays open in the program; -1: none
    char** command;  // ends with NULL
};

// What the program is asked when it has printed its first line, and how long it took to answer with a second one.
// Meanwhile its clocks stand still for whoever subtracts this.
struct question {
    char bytes[QUESTION_BYTES];
    size_t length;
    int fd;  // writing end of the program's standard input; -1 without a question, and at its end
    bool asked;
    double asked_s, asked_cpu_s;  // when it was asked: monotonic clock, and the program's CPU time
    double wall_s, cpu_s;         // what it took
};

struct run {
    pid_t pid;
    int signals;        // signalfd of SIGCHLD and of what tells us to stop
    int start_failure;  // reading end of a pipe: the errno of a failed exec, or nothing
    double started_s;   // monotonic clock
    bool exec_seen;     // only with a memory limit: the exec has succeeded
    bool ended;         // the program itself; then the next three hold
    int status;
    double wall_s;
    struct rusage usage;
    bool told;            // by a signal, to stop
    const char* stopped;  // why, or NULL
    bool stopping;        // from here on whoever dies of SIGKILL is counted as a stray
    unsigned strays;
    size_t survivors;
    uint64_t room;  // bytes that may still be printed
    struct relay relays[2];
    struct question question;
    unsigned looks, idle_looks;  // at what its threads do; in how many of these none of them ran or wanted to
};

// Says in one line, formatted as by printf, what the launcher cannot do, and exits with EXIT_OWN_FAILURE.
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char* format, ...);

// Reads the command line (main's second argument; at least the program's name) and opens the report. Anything wrong in
// it ends the launcher with one line.
struct options parse_options(char** arguments);

// In a child just forked: sets its limits and executes the program. When that is impossible it writes errno to
// start_failure_fd and exits.
// launcher: the parent's pid. in_fd, out_fd, err_fd: its future standard input, output and error.
__attribute__((noreturn)) void become_program(const struct options* options, pid_t launcher, int in_fd, int out_fd,
                                              int err_fd, int start_failure_fd);

// Writes the report on the run, which must be over, to options->report_fd and closes that.
// not_started: why there was no program to run, or NULL.
void report(const struct run* run, const struct options* options, const char* not_started);

#endif

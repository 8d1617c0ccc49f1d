// launch.c: runs one program under limits, ends everything it started, and reports how it went.
//
//     launch [--wall SECONDS] [--cpu SECONDS] [--memory BYTES] [--files N] [--file-bytes BYTES] [--processes N]
//            [--threads N] [--user-tasks N] [--output BYTES] [--touch BYTES] [--user UID] [--see PATH]...
//            [--write PATH]... [--confine] [--stdin] [--question] [--keep FD] [--asleep SECONDS] [--report FILE|FD]
//            -- PROGRAM [ARGS...]
//
// Why not fork from the measuring script itself: the peak memory that wait4() reports of a child includes what the
// child had before exec, which is a copy of its parent. This parent is small.
//
// The program gets /dev/null as standard input, a session of its own, no core dumps and no open file but 0, 1 and 2.
// With --stdin it gets our standard input, with --keep one more open file. What it prints is passed on to our standard
// output and error. It is stopped when it takes longer than --wall (elapsed) or --cpu (CPU time of one process, whole
// seconds), prints more than --output bytes on both streams together, or has more than --processes processes or
// --threads threads (of all its processes) at a time. The last two are watched 200 to 5 times a second, so a burst
// shorter than that goes unseen. --user-tasks has the kernel refuse more (RLIMIT_NPROC); it counts all threads of the
// user and does not bind root. --memory limits the address space, --files the open files, --file-bytes the length of a
// file. When the program ends or is stopped, or a SIGTERM, SIGINT or SIGHUP reaches
// the launcher, or the launcher's parent ends, all that is left of the program is killed: descendants.h says why none
// escapes. If the launcher itself is killed outright, the program (not its children) dies with it.
//
// For programs that nobody trusts: --user runs it as that user, for root only, and at the end kills every process of
// that user (user.h); --confine forbids it much, and to other processes of the launcher's user to trace the launcher
// (confine.h); --see and --write shut it out of all files but these (fence.h). When the launcher is the first process
// of a pid namespace, it takes no signals from inside.
//
// With --question the program gets our standard input only after it has printed a line, and its end only after it has
// printed a second one. How long that took is reported, so that whoever subtracts it has a program audited that cannot
// know the question while it is timed. Our standard input must be there when the launcher starts, at most 4 KiB.
//
// With --asleep the launcher looks 20 times a second at what the threads do.
//
// --touch makes so much memory ready before the program starts and its clock runs; touch.h says why.
//
// The report is one JSON object on one line; without --report it goes to standard error:
//     exit                 0 to 255, or null        signal    the signal that ended the program, or null
//     stopped              "wall", "cpu", "output", "processes", "threads", "told" (a signal to the launcher), or null
//     error                why the program could not be started, or null
//     wall_s user_s sys_s  elapsed time; CPU time of the program and the children it waited for
//     question_wall_s question_cpu_s  the part of these between the first line and the second; 0 without --question
//     looks idle_looks     how often --asleep looked, and how often no thread ran or wanted to
//     peak_kib             largest resident memory of the program, in KiB
//     strays               processes killed beside the program; survivors: processes that could not be killed
//     minor_faults major_faults voluntary_switches involuntary_switches stdout_bytes stderr_bytes
//
// Exit status: the program's own; 128 plus the signal that ended it; 124 when it was stopped; 126 when it could not be
// started; 125 when the launcher could not do its own work, which it says in one line.

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "confine.h"
#include "descendants.h"
#include "launch.h"
#include "touch.h"
#include "user.h"

static const double KILL_WITHIN_S = 10;  // processes that do not die of SIGKILL are not waited for any longer
static const double LOOK_EVERY_S = 0.05;
static const double HELD_UP_S = 1;  // later than that is not busy but frozen

// Who wakes up now and then to see whether a lock is free sleeps all the same: so much of the time it may use, and in
// so many of the looks it may be awake.
static const double ASLEEP_CPU_SHARE = 0.01;
static const double ASLEEP_AWAKE_SHARE = 0.2;

void fail(const char* format, ...) {
    va_list args;
    va_start(args, format);
    fputs("launch: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(EXIT_OWN_FAILURE);
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void make_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) != 0) fail("cannot make a pipe: %s", strerror(errno));
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

// In a pid namespace whatever can send the first process a signal is either the program, which has nothing to tell us,
// or the kernel at the end of our parent.
static bool first_of_namespace(void) { return getpid() == 1; }

static int listen_to_signals(void) {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    if (!first_of_namespace()) {
        sigaddset(&wanted, SIGTERM);
        sigaddset(&wanted, SIGINT);
        sigaddset(&wanted, SIGHUP);
    }
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    signal(SIGCHLD, SIG_DFL);  // an inherited SIG_IGN would reap behind our back
    signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) fail("cannot wait for signals: %s", strerror(errno));
    return fd;
}

static void read_question(struct question* question) {
    ssize_t got;
    while (question->length < sizeof question->bytes) {
        got = read(STDIN_FILENO, question->bytes + question->length, sizeof question->bytes - question->length);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return;
        question->length += (size_t)got;
    }
}

static void start(struct run* run, const struct options* options) {
    int question[2] = {-1, -1};
    if (options->question) {
        if (pipe2(question, O_CLOEXEC) != 0) fail("cannot make a pipe: %s", strerror(errno));
        read_question(&run->question);
    }
    run->question.fd = question[1];
    int out[2], err[2], start_failure[2];
    make_pipe(out);
    make_pipe(err);
    make_pipe(start_failure);
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0) fail("cannot open /dev/null: %s", strerror(errno));

    pid_t launcher = getpid();
    run->started_s = now_s();
    run->pid = fork();
    if (run->pid < 0) fail("cannot start another process: %s", strerror(errno));
    if (run->pid == 0) {
        int in_fd = options->question ? question[0] : options->standard_input ? STDIN_FILENO : null_fd;
        become_program(options, launcher, in_fd, out[1], err[1], start_failure[1]);
    }

    close(null_fd);
    if (question[0] >= 0) close(question[0]);
    close(out[1]);
    close(err[1]);
    close(start_failure[1]);
    run->start_failure = start_failure[0];
    run->relays[0] = (struct relay){.source = out[0], .destination = STDOUT_FILENO};
    run->relays[1] = (struct relay){.source = err[0], .destination = STDERR_FILENO};
}

static void stop_because(struct run* run, const char* why) {
    if (run->stopped == NULL) run->stopped = why;
}

// Takes note of every child that has ended: the program, and what was left to us by processes that ended.
// Result: whether there are children left.
static bool reap(struct run* run) {
    int status;
    struct rusage usage;
    pid_t pid;
    while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
        if (WIFSTOPPED(status)) {  // only ever the program, which is traced when it has a memory limit (child.c)
            bool by_exec = WSTOPSIG(status) == SIGTRAP;
            run->exec_seen = by_exec;
            ptrace(PTRACE_DETACH, pid, NULL, by_exec ? 0L : (long)WSTOPSIG(status));
        } else if (pid == run->pid) {
            run->ended = true;
            run->wall_s = now_s() - run->started_s;
            run->status = status;
            run->usage = usage;
        } else if (run->stopping && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
            run->strays++;
        }
    }
    return pid == 0;
}

static void take_signals(struct run* run) {
    struct signalfd_siginfo got;
    while (read(run->signals, &got, sizeof got) == sizeof got) {
        if (got.ssi_signo == SIGCHLD) continue;
        run->told = true;
        stop_because(run, "told");
    }
}

// Sleeps until a signal, a relay's fd or the time comes, and does what the relays can do.
static void wait_and_relay(struct run* run, double sleep_s) {
    struct pollfd wants[3] = {
        relay_wants(&run->relays[0]), relay_wants(&run->relays[1]), {.fd = run->signals, .events = POLLIN}};
    int sleep_ms = sleep_s < 1e6 ? (int)ceil(fmax(sleep_s, 0) * 1e3) : -1;
    if (poll(wants, 3, sleep_ms) <= 0) return;
    for (int i = 0; i < 2; i++) relay_step(&run->relays[i], wants[i].revents, &run->room);
    take_signals(run);
}

static double cpu_s_of(pid_t pid) {
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void end_question(struct question* question) {
    if (question->fd < 0) return;
    close(question->fd);
    question->fd = -1;
}

// The pipe has room for the whole question.
static void ask(struct run* run) {
    struct question* question = &run->question;
    uint64_t lines = run->relays[0].lines;
    if (question->fd < 0 || lines == 0) return;
    if (!question->asked) {
        question->asked = true;
        question->asked_s = now_s();
        question->asked_cpu_s = cpu_s_of(run->pid);
        ssize_t put = write(question->fd, question->bytes, question->length);
        if (put != (ssize_t)question->length) end_question(question);
    } else if (lines >= 2) {
        question->wall_s = now_s() - question->asked_s;
        question->cpu_s = cpu_s_of(run->pid) - question->asked_cpu_s;
        end_question(question);
    }
}

static uint64_t printed_bytes(const struct run* run) { return run->relays[0].bytes + run->relays[1].bytes; }

static void count_processes(struct run* run, const struct options* options) {
    size_t threads;
    if (descendants_count(&threads) > options->processes) stop_because(run, "processes");
    if (threads > options->threads) stop_because(run, "threads");
}

// Looks at a run every so often. Result: when to look again.
static double look_for_sleep(struct run* run, const struct options* options, double now) {
    static double since_s;  // they have been asleep since then, for all that was seen
    static unsigned long ticks_then;
    static double times_awake;
    struct activity activity = descendants_activity();
    if (activity.somebody_runs) times_awake++;
    run->looks++;
    if (!activity.somebody_runs) run->idle_looks++;
    double used_s = (double)(activity.ticks - ticks_then) / (double)sysconf(_SC_CLK_TCK);
    bool first = since_s == 0;
    if (first || used_s > ASLEEP_CPU_SHARE * options->asleep_s ||
        times_awake > ASLEEP_AWAKE_SHARE * options->asleep_s / LOOK_EVERY_S) {
        since_s = now;
        ticks_then = activity.ticks;
        times_awake = 0;
    }
    if (now - since_s >= options->asleep_s) stop_because(run, "asleep");
    return now + LOOK_EVERY_S;
}

// Limits of time go by a clock that stands still while the launcher itself is held up: when a machine, a container or a
// group of processes is frozen, the program was, too, and did not sleep.
static void watch(struct run* run, const struct options* options) {
    double held_up_s = 0;
    bool counted = options->processes != NO_LIMIT || options->threads != NO_LIMIT;
    double deadline_s = run->started_s + options->wall_s;
    double pause_s = 0.005, count_at_s = counted ? run->started_s + pause_s : INFINITY;
    double look_at_s = isfinite(options->asleep_s) ? run->started_s + LOOK_EVERY_S : INFINITY;
    while (run->stopped == NULL) {
        reap(run);
        if (run->ended) return;
        double now = now_s() - held_up_s;
        if (now >= deadline_s) stop_because(run, "wall");
        if (printed_bytes(run) > options->output_bytes) stop_because(run, "output");
        if (now >= count_at_s) {
            count_processes(run, options);
            pause_s = fmin(2 * pause_s, 0.2);  // a program that forks mostly does so early; a long one is left in peace
            count_at_s = now + pause_s;
        }
        ask(run);
        if (now >= look_at_s) look_at_s = look_for_sleep(run, options, now);
        if (run->stopped != NULL) return;
        double until_s = fmin(deadline_s, fmin(count_at_s, look_at_s));
        wait_and_relay(run, until_s - now);
        double late_s = now_s() - held_up_s - until_s;
        if (late_s > HELD_UP_S) held_up_s += late_s;
    }
}

static void end_everything(struct run* run, const struct options* options) {
    run->stopping = true;
    end_question(&run->question);
    double give_up_s = now_s() + KILL_WITHIN_S;
    if (options->user != 0) kill_processes_of(options->user);
    while (reap(run)) {
        descendants_kill();
        if (now_s() > give_up_s) {
            size_t threads;
            run->survivors = descendants_count(&threads);
            return;
        }
        poll(&(struct pollfd){.fd = run->signals, .events = POLLIN}, 1, 2);
        take_signals(run);
    }
}

// What the program has printed before its end is still in the pipes.
static void drain(struct run* run, const struct options* options) {
    while (!run->told) {
        bool out_finished = relay_finished(&run->relays[0], &run->room);
        bool err_finished = relay_finished(&run->relays[1], &run->room);
        if (out_finished && err_finished) break;
        wait_and_relay(run, INFINITY);
    }
    if (printed_bytes(run) > options->output_bytes) stop_because(run, "output");
}

// A program that ran out of the CPU time it may have was stopped, though the kernel did it.
static void recognise_cpu_limit(struct run* run, const struct options* options) {
    if (!isfinite(options->cpu_s) || !run->ended || !WIFSIGNALED(run->status)) return;
    const struct rusage* usage = &run->usage;
    double spent_s = (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
                     (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
    int signal = WTERMSIG(run->status);
    if (signal == SIGXCPU || (signal == SIGKILL && spent_s >= ceil(options->cpu_s))) stop_because(run, "cpu");
}

// Result: a sentence on why the program never began to run, or NULL. It lives until the next call.
static const char* why_not_started(const struct run* run, const struct options* options) {
    static char why[512];
    int exec_errno = 0;
    bool exec_failed = read(run->start_failure, &exec_errno, sizeof exec_errno) == sizeof exec_errno;
    bool memory_limited = options->memory_bytes != NO_LIMIT;
    bool ended_in_exec = memory_limited && run->ended && !run->exec_seen && run->stopped == NULL;
    if (!exec_failed && !ended_in_exec) return NULL;
    if (!exec_failed || (memory_limited && (exec_errno == ENOMEM || exec_errno == E2BIG))) {
        snprintf(why, sizeof why, "cannot run %s: its memory limit of %llu bytes is too small to start it",
                 options->command[0], (unsigned long long)options->memory_bytes);
    } else {
        snprintf(why, sizeof why, "cannot run %s: %s", options->command[0], strerror(exec_errno));
    }
    return why;
}

static int exit_status(const struct run* run, bool started) {
    if (!started) return EXIT_NOT_STARTED;
    if (run->stopped != NULL || !run->ended) return EXIT_STOPPED;
    return WIFEXITED(run->status) ? WEXITSTATUS(run->status) : 128 + WTERMSIG(run->status);
}

// Pipes must not land on 0, 1 or 2, should a caller have closed these.
static void occupy_standard_files(void) {
    int fd;
    do fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    close(fd);
}

int main(int count, char** arguments) {
    occupy_standard_files();
    if (count < 1) fail("no arguments at all");
    struct options options = parse_options(arguments);
    struct run run = {.room = options.output_bytes};
    run.signals = listen_to_signals();
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) fail("cannot become a subreaper: %s", strerror(errno));
    if (!first_of_namespace()) prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (options.confine || first_of_namespace()) guard_this_process();

    if (options.touch_bytes > 0) touch_memory(options.touch_bytes);
    start(&run, &options);
    watch(&run, &options);
    recognise_cpu_limit(&run, &options);
    end_everything(&run, &options);
    drain(&run, &options);

    const char* not_started = why_not_started(&run, &options);
    report(&run, &options, not_started);
    return exit_status(&run, not_started == NULL);
}

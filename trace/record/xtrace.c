// xtrace.c: runs a program with the recorder (record.c) in it, and makes a trace of what that wrote down.
//
// Usage: xtrace [-q] [-n EVENTS] [-o FILE | -f FILE] PROGRAM [ARGS...]. Its exit status is the program's, 128 plus the
// signal when one ended it, and 125 when there is no trace.
//
// With -f it makes no trace: the program waits for whoever follows the recording (raw.h) while it is written. None of
// the three leaves the others behind: the program ends with us and we with our parent, by SIGKILL; when the follower is
// gone the program goes on.

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "programs/failure.h"
#include "trace/file.h"
#include "trace/record/follower.h"
#include "trace/record/gather.h"
#include "trace/record/held.h"
#include "trace/record/raw.h"

static const char usage[] =
    "usage: xtrace [-q] [-n EVENTS] [-o FILE | -f FILE] PROGRAM [ARGS...]   (FILE: PROGRAM.trace; -n: record only so "
    "many; -f: the program waits for replay-BACKEND --follow FILE)";

enum { EXIT_SIGNAL = 128, LOOK_NS = 20 * 1000 * 1000 };
static const enum exit_status EXIT_NO_TRACE = (enum exit_status)125;

struct request {
    char output[PATH_MAX];
    char recording[PATH_MAX];  // the recorder's file, removed at the end
    char library[PATH_MAX];
    uint64_t most_events;
    bool quiet;
    bool is_followed;  // recording is then what was asked for
    char** command;
};

static volatile pid_t child;  // for the handler
static volatile sig_atomic_t was_told_to_stop;
static struct raw_header* header;
static int recording_fd;

// ---- What is asked for ----------------------------------------------------------------------------------------------

static uint64_t events_or_exit(const char* text) {
    char* end = NULL;
    unsigned long long events = text[0] < '0' || text[0] > '9' ? 0 : strtoull(text, &end, 10);
    if (events == 0 || *end != '\0') {
        fail(EXIT_USAGE, "-n must be followed by a number of events, but is by '%s'", text);
    }
    return events;
}

static void set_path(char* path, const char* format, const char* text) {
    if (snprintf(path, PATH_MAX, format, text) >= PATH_MAX) fail(EXIT_NO_TRACE, "the path of '%s' is too long", text);
}

static void read_request(int argc, char** argv, struct request* request) {
    request->most_events = UINT64_MAX;
    int option;
    while ((option = getopt(argc, argv, "+:qhn:o:f:")) != -1) {
        switch (option) {
            case 'q':
                request->quiet = true;
                break;
            case 'n':
                request->most_events = events_or_exit(optarg);
                break;
            case 'o':
                set_path(request->output, "%s", optarg);
                break;
            case 'f':
                request->is_followed = true;
                set_path(request->output, "%s", optarg);
                break;
            case 'h':
                puts(usage);
                exit(0);
            case ':':
                fail(EXIT_USAGE, "-%c must be followed by something\n%s", optopt, usage);
            default:
                fail(EXIT_USAGE, "unknown option -%c\n%s", optopt, usage);
        }
    }
    if (optind == argc) fail(EXIT_USAGE, "PROGRAM is missing\n%s", usage);
    request->command = argv + optind;
    if (request->output[0] == '\0') {
        const char* slash = strrchr(argv[optind], '/');
        set_path(request->output, "%s.trace", slash == NULL ? argv[optind] : slash + 1);
    }
}

// The library is in lib/ beside the bin/ that this program is in, or in a folder of ours below it, as make install's
// MODULEDIR may have it.
static void find_library(struct request* request) {
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) fail(EXIT_NO_TRACE, "it cannot be found where this program is: %s", strerror(errno));
    self[length] = '\0';
    for (int parts = 0; parts < 2; parts++) {
        char* slash = strrchr(self, '/');
        if (slash != NULL) *slash = '\0';
    }
    set_path(request->library, "%s/lib/xmalloc/libxtrace.so", self);
    if (access(request->library, R_OK) != 0) set_path(request->library, "%s/lib/libxtrace.so", self);
    if (access(request->library, R_OK) != 0) {
        fail(EXIT_NO_TRACE, "there is no %s: make xtrace builds it", request->library);
    }
    if (strpbrk(request->library, " :") != NULL) {
        fail(EXIT_NO_TRACE, "%s cannot be preloaded, for there is a space or colon in its path", request->library);
    }
}

// ---- The program ----------------------------------------------------------------------------------------------------

static void name_program(char* name, size_t room, char** command) {
    size_t length = 0;
    for (; *command != NULL && length + 1 < room; command++) {
        int added = snprintf(name + length, room - length, "%s%s", length == 0 ? "" : " ", *command);
        length += (size_t)added < room - length ? (size_t)added : room - length - 1;
    }
}

static void make_recording(struct request* request) {
    char folder[PATH_MAX];
    const char* slash = strrchr(request->output, '/');
    set_path(folder, "%s", request->output);
    folder[slash == NULL ? 0 : slash - request->output + 1] = '\0';
    // An absolute path, because the program may go elsewhere.
    char resolved[PATH_MAX];
    if (realpath(folder[0] == '\0' ? "." : folder, resolved) == NULL) {
        fail(EXIT_NO_TRACE, "%s cannot be written: %s", request->output, strerror(errno));
    }
    int fd;
    if (request->is_followed) {
        const char* name = slash == NULL ? request->output : slash + 1;
        if (snprintf(request->recording, PATH_MAX, "%s/%s", resolved, name) >= PATH_MAX) {
            fail(EXIT_NO_TRACE, "the path of '%s' is too long", request->output);
        }
        fd = open(request->recording, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    } else {
        set_path(request->recording, "%s/xtrace-recording-XXXXXX", resolved);
        fd = mkostemp(request->recording, O_CLOEXEC);
    }
    if (fd < 0) fail(EXIT_NO_TRACE, "nothing can be written in %s: %s", resolved, strerror(errno));
    struct raw_header start = {.most_events = request->most_events};
    start.following = request->is_followed ? RAW_FOLLOWED : RAW_UNFOLLOWED;
    name_program(start.program, sizeof start.program, request->command);
    void* mapped = MAP_FAILED;
    if (write(fd, &start, sizeof start) == (ssize_t)sizeof start && ftruncate(fd, RAW_HEADER_BYTES) == 0) {
        mapped = mmap(NULL, RAW_HEADER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (mapped == MAP_FAILED) fail(EXIT_NO_TRACE, "%s cannot be written: %s", request->recording, strerror(errno));
    header = mapped;
    recording_fd = fd;
}

// Has the system end this process when its parent ends.
static void end_with(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) raise(SIGKILL);
}

static void become_program(const struct request* request, pid_t parent) {
    if (request->is_followed) end_with(parent);
    char process[32];
    char preload[2 * PATH_MAX];
    snprintf(process, sizeof process, "%ld", (long)getpid());
    const char* others = getenv("LD_PRELOAD");
    bool has_others = others != NULL && others[0] != '\0';
    snprintf(preload, sizeof preload, "%s%s%s", request->library, has_others ? ":" : "", has_others ? others : "");
    setenv(RAW_PROCESS_VARIABLE, process, 1);
    setenv(RAW_FILE_VARIABLE, request->recording, 1);
    setenv("LD_PRELOAD", preload, 1);
    execvp(request->command[0], request->command);
}

static void pass_on(int number) {
    was_told_to_stop = 1;
    if (child > 0) kill(child, number);
}

static void look_up(int number) { (void)number; }

// Result: as of waitpid.
static int wait_for_child(const struct request* request) {
    int status = 0;
    if (!request->is_followed) {
        while (waitpid(child, &status, 0) != child) continue;
        return status;
    }
    while (waitpid(child, &status, WNOHANG) != child) {
        nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
        // A follower that crashed cannot say that the program shall go on.
        if (atomic_load(&header->following) == RAW_FOLLOWED && follower_is_gone(header, recording_fd)) {
            follower_release(header);
        }
    }
    return status;
}

static _Noreturn void give_up_on(const struct request* request, const char* why) {
    unlink(request->recording);
    fail(EXIT_NO_TRACE, "%s %s", request->command[0], why);
}

// Runs the program to its end. A Ctrl-C goes to the program as well, and what it makes of that shall be recorded.
// Result: as of waitpid.
static int run_program(const struct request* request) {
    int failed[2];  // by which the child says why it could not become the program
    if (pipe2(failed, O_CLOEXEC) != 0) fail(EXIT_NO_TRACE, "no pipe can be made: %s", strerror(errno));
    // Whoever ignores it, as our caller may, cannot wait for a child; with a handler it ends our sleep.
    signal(SIGCHLD, request->is_followed ? look_up : SIG_DFL);
    pid_t self = getpid();
    if (request->is_followed) end_with(getppid());
    child = fork();
    if (child < 0) give_up_on(request, "cannot be started: no process can be made");
    if (child == 0) {
        become_program(request, self);
        int why = errno;
        if (write(failed[1], &why, sizeof why) < 0) _exit(EXIT_NO_TRACE);
        _exit(EXIT_NO_TRACE);
    }
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGTERM, pass_on);
    signal(SIGHUP, pass_on);
    close(failed[1]);
    int why = 0;
    ssize_t count;
    while ((count = read(failed[0], &why, sizeof why)) < 0) continue;  // interrupted, as below
    close(failed[0]);
    int status = wait_for_child(request);
    child = 0;
    if (request->is_followed) {
        atomic_store(&header->has_ended, 1);
        held_tell(header);
    }
    if (count > 0) {
        char text[128];
        snprintf(text, sizeof text, "cannot be run: %s", strerror(why));
        give_up_on(request, text);
    }
    return status;
}

// ---- The trace ------------------------------------------------------------------------------------------------------

static void say_note(size_t count, const char* what) {
    if (count > 0) fprintf(stderr, "xtrace: %zu %s\n", count, what);
}

static void say_what_is_there(const struct request* request, const struct trace* trace, struct gathered gathered) {
    struct stat file = {0};
    stat(request->output, &file);
    fprintf(stderr, "xtrace: %s (%lld bytes) has %zu %s of %u %s, at most %u %s and %llu bytes at a time\n",
            request->output, (long long)file.st_size, trace->count, trace->count == 1 ? "event" : "events",
            trace->threads, trace->threads == 1 ? "thread" : "threads", trace->blocks,
            trace->blocks == 1 ? "block" : "blocks", (unsigned long long)trace->payload_peak);
    if (header->programs > 1)
        fprintf(stderr, "xtrace: the program became another one by exec; the trace is of the last\n");
    if (header->growth_errno != 0) {
        fprintf(stderr, "xtrace: the trace ends early: the recording could not grow: %s\n",
                strerror(header->growth_errno));
    }
    say_note(gathered.unfinished, "events are missing that were being written when the program ended");
    say_note(gathered.unknown, "frees and reallocs are left out, of blocks that were taken before the recording began");
    say_note(gathered.unseen, "blocks were given back in a way that could not be seen");
}

// A program may have been stopped before it came to load the recorder; whoever told us to stop it knows why.
static void insist_on_having_been_in(const struct request* request, int status) {
    if (header->programs > 0) return;
    if (!request->is_followed) unlink(request->recording);
    if (WIFSIGNALED(status) && was_told_to_stop) {
        int number = WTERMSIG(status);
        if (!request->quiet) {
            fprintf(stderr, "xtrace: %s was ended by signal %d before the recorder was in\n", request->command[0],
                    number);
        }
        exit(EXIT_SIGNAL + number);
    }
    fail(EXIT_NO_TRACE, "%s was run, but the recorder could not get in: it may be linked statically or gain rights",
         request->command[0]);
}

// Reads the recording and writes the trace.
static void finish(const struct request* request) {
    int fd = open(request->recording, O_RDONLY | O_CLOEXEC);
    struct stat file;
    void* mapped = MAP_FAILED;
    if (fd >= 0 && fstat(fd, &file) == 0) mapped = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) give_up_on(request, "was run, but its recording cannot be read");
    close(fd);
    unlink(request->recording);
    size_t there = ((size_t)file.st_size - RAW_HEADER_BYTES) / sizeof(struct raw_event);
    uint64_t count = header->next < header->most_events ? header->next : header->most_events;
    if (count > there) count = there;
    static struct trace trace;
    struct gathered gathered =
        gather(&trace, (const struct raw_event*)((const char*)mapped + RAW_HEADER_BYTES), (size_t)count);
    trace.cut = header->next > header->most_events || header->growth_errno != 0;
    char name[TRACE_NAME_MOST];
    name_program(name, sizeof name, request->command);
    trace_name(&trace, name, strlen(name));
    trace_save(&trace, request->output);
    if (!request->quiet) say_what_is_there(request, &trace, gathered);
    trace_release(&trace);
}

int main(int argc, char** argv) {
    failure_names_program("xtrace");
    static struct request request;
    read_request(argc, argv, &request);
    find_library(&request);
    make_recording(&request);
    int status = run_program(&request);
    insist_on_having_been_in(&request, status);
    if (!request.is_followed) finish(&request);
    if (WIFSIGNALED(status)) {
        if (!request.quiet) fprintf(stderr, "xtrace: the program was ended by signal %d\n", WTERMSIG(status));
        return EXIT_SIGNAL + WTERMSIG(status);
    }
    return WEXITSTATUS(status);
}

// screen.c: see screen.h.
//
// A test runs in a process of its own, so what it has to tell lies in memory that all share. What it prints goes into a
// pipe, at whose other end a process counts: a backend that prints in every call would fill a disk otherwise.

#include "tests/suite/support/screen.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_TESTS = 1024,
    MOST_TEXT = 800,
    MOST_OF_A_KIND = 2,
    MOST_KINDS = 4,
    PRINTED_LINES = 20,
    PRINTED_BYTES = 4096,
    MOST_PRINTED_MIB = 16,
    PATIENCE_MS = 2000,
};

typedef struct Record {
    char test[160];
    char message[MOST_TEXT];  // empty: nothing is known to be wrong
    atomic_bool has_failed;   // somebody has begun to write the message
    bool is_told;
} Record;

static struct Shared {
    atomic_size_t begun;
    size_t printed_bytes;
    size_t printed_lines;
    char printed[PRINTED_BYTES];
    Record tests[MOST_TESTS];
} * shared;

static const char* backend_name;
static int screen = -1;    // where a person reads
static int terminal = -1;  // where progress is shown, if anywhere
static int pipe_in = -1;   // where tests print
static pid_t collector;
static size_t own_number;  // of the test that this process runs

// ---- What is printed ----

// Result: never; runs until all that could print have ended, or so much was printed that nobody needs the rest. Whoever
// prints then is ended by SIGPIPE.
static _Noreturn void collect(int pipe_out) {
    char bytes[65536];
    size_t kept = 0;
    ssize_t got;
    while (shared->printed_bytes >> 20 < MOST_PRINTED_MIB && (got = read(pipe_out, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            if (shared->printed_lines < PRINTED_LINES && kept + 1 < PRINTED_BYTES) {
                bool plain = bytes[i] == '\n' || isprint((unsigned char)bytes[i]);
                shared->printed[kept++] = (char)(plain ? bytes[i] : '?');
            }
            shared->printed_lines += bytes[i] == '\n';
        }
        shared->printed_bytes += (size_t)got;
    }
    _exit(0);
}

bool start_screen(const char* backend) {
    backend_name = backend;
    int ends[2];
    void* memory = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || pipe2(ends, O_CLOEXEC) != 0) return false;
    shared = memory;
    fflush(stdout);
    collector = fork();
    if (collector == 0) {
        close(ends[1]);
        collect(ends[0]);
    }
    close(ends[0]);
    if (collector == -1) {
        close(ends[1]);
        shared = NULL;
        return false;
    }
    pipe_in = ends[1];
    screen = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (isatty(STDERR_FILENO)) terminal = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    return true;
}

bool screen_is_on(void) { return shared != NULL; }

static void clear_progress(void) {
    if (terminal != -1) dprintf(terminal, "\r\033[K");
}

// ---- In the process of a test ----

// A test's name is a sentence with underscores.
static void copy_sentence(char* text, size_t bytes, const char* name) {
    size_t length = 0;
    for (; name[length] != '\0' && length + 1 < bytes; length++)
        text[length] = (char)(name[length] == '_' ? ' ' : name[length]);
    text[length] = '\0';
}

void screen_begins_test(void) {
    if (shared == NULL) return;
    own_number = shared->begun++;
    if (own_number >= MOST_TESTS) return;
    dup2(pipe_in, STDOUT_FILENO);
    dup2(pipe_in, STDERR_FILENO);
}

// Check knows the name only when the test itself has begun.
void screen_shows_progress(void) {
    if (terminal == -1) return;
    char test[100];
    copy_sentence(test, sizeof test, tcase_name() == NULL ? "" : tcase_name());
    dprintf(terminal, "\r\033[K%s: test %zu: %s", backend_name, own_number + 1, test);
}

// Two messages are of one kind when they differ in numbers only.
static void find_kind(char* kind, size_t bytes, const char* message) {
    size_t length = 0;
    for (const char* at = message; *at != '\0' && length + 1 < bytes;) {
        if (isdigit((unsigned char)*at)) {
            while (isalnum((unsigned char)*at)) at++;
            kind[length++] = '#';
        } else {
            kind[length++] = *at++;
        }
    }
    kind[length] = '\0';
}

static bool is_like(const Record* one, const Record* other) {
    char kinds[2][MOST_TEXT];
    find_kind(kinds[0], MOST_TEXT, one->message);
    find_kind(kinds[1], MOST_TEXT, other->message);
    return strcmp(kinds[0], kinds[1]) == 0;
}

static size_t tests_known(void) { return shared->begun < MOST_TESTS ? shared->begun : MOST_TESTS; }

// How many that were told are like this one.
static size_t count_told_like(const Record* record) {
    size_t like = 0;
    for (size_t i = 0; i < tests_known(); i++) like += shared->tests[i].is_told && is_like(&shared->tests[i], record);
    return like;
}

static size_t count_told_kinds(void) {
    size_t kinds = 0;
    for (size_t i = 0; i < tests_known(); i++) {
        if (!shared->tests[i].is_told) continue;
        bool is_new = true;
        for (size_t other = 0; other < i; other++)
            is_new = is_new && !(shared->tests[other].is_told && is_like(&shared->tests[other], &shared->tests[i]));
        kinds += is_new;
    }
    return kinds;
}

// Tells a failure, unless enough of its kind or enough kinds have been told.
static void tell(Record* record) {
    size_t like = count_told_like(record);
    if (like >= MOST_OF_A_KIND || (like == 0 && count_told_kinds() >= MOST_KINDS)) return;
    record->is_told = true;
    clear_progress();
    dprintf(screen, "%s: %s\n", backend_name, record->message);
    if (record->test[0] != '\0') dprintf(screen, "    seen when testing that %s\n", record->test);
}

// Threads of a test may fail together; the first of them speaks.
void screen_tells_failure(const char* message) {
    if (shared == NULL || own_number >= MOST_TESTS) return;
    Record* own = &shared->tests[own_number];
    if (atomic_exchange(&own->has_failed, true)) return;
    copy_sentence(own->test, sizeof own->test, tcase_name() == NULL ? "" : tcase_name());
    snprintf(own->message, sizeof own->message, "%s", message);
    tell(own);
}

// ---- At the end ----

// What a test said itself is better than what Check saw of it.
static void complete(Record* record, TestResult* result) {
    if (record->message[0] != '\0' || tr_rtype(result) == CK_PASS) return;
    const char* seen = tr_msg(result);
    if (strstr(seen, "timeout expired") != NULL) seen = "it did not finish in time: a call hangs, or is far too slow";
    if (strstr(seen, "signal 13") != NULL) seen = "it prints without end, so nobody listens any more";
    snprintf(record->message, sizeof record->message, "%s", seen);
    tell(record);
}

static void count_the_rest(void) {
    size_t like = 0;
    size_t others = 0;
    for (size_t i = 0; i < tests_known(); i++) {
        const Record* record = &shared->tests[i];
        if (record->message[0] == '\0' || record->is_told) continue;
        *(count_told_like(record) > 0 ? &like : &others) += 1;
    }
    if (like + others == 0) return;
    dprintf(screen, "and ");
    if (like > 0) dprintf(screen, "%zu more like %s", like, others > 0 ? "these, " : "these");
    if (others > 0) dprintf(screen, "%zu of other kinds", others);
    dprintf(screen, " (make test BACKEND=%s VERBOSE=1)\n", backend_name);
}

// Waits until the collector has read all; not for ever, since a process that was left behind may hold the pipe.
static void end_collector(void) {
    close(pipe_in);
    for (int waited_ms = 0; waitpid(collector, NULL, WNOHANG) == 0; waited_ms += 10) {
        if (waited_ms >= PATIENCE_MS) kill(collector, SIGKILL);
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000000L}, NULL);
    }
}

static void tell_printed(void) {
    size_t lines = shared->printed_lines + (shared->printed_bytes > 0 && shared->printed_lines == 0);
    dprintf(
        screen,
        "%s printed %zu line%s (%zu KiB%s) while it was tested; an allocator prints nothing, and printf may call it "
        "again",
        backend_name, lines, lines == 1 ? "" : "s", (shared->printed_bytes + 1023) / 1024,
        shared->printed_bytes >> 20 < MOST_PRINTED_MIB ? "" : " and more");
    dprintf(screen, lines > PRINTED_LINES ? "; the first %d lines:\n" : ":\n", PRINTED_LINES);
    size_t length = strlen(shared->printed);
    for (const char* line = shared->printed; line < shared->printed + length;) {
        size_t width = strcspn(line, "\n");
        dprintf(screen, "    | %.*s\n", (int)(width < 160 ? width : 160), line);
        line += width + 1;
    }
}

bool end_screen(TestResult** results, int count) {
    if (shared == NULL) return false;
    end_collector();
    clear_progress();
    for (size_t i = 0; i < tests_known() && i < (size_t)count; i++) complete(&shared->tests[i], results[i]);
    count_the_rest();
    if (shared->printed_bytes > 0) tell_printed();
    return shared->printed_bytes > 0;
}

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
    PATIENCE_MS = 2000,
};

typedef struct Record {
    char test[160];
    char message[MOST_TEXT];  // empty: nothing is known to be wrong
} Record;

static struct Shared {
    atomic_size_t begun;
    atomic_bool told_one;
    size_t told;  // the test whose failure has been told at once
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

// Result: never; runs until all that could print have ended.
static _Noreturn void collect(int pipe_out) {
    char bytes[65536];
    size_t kept = 0;
    ssize_t got;
    while ((got = read(pipe_out, bytes, sizeof bytes)) > 0) {
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

static void tell(size_t number) {
    clear_progress();
    const Record* record = &shared->tests[number];
    dprintf(screen, "%s: %s\n", backend_name, record->message);
    if (record->test[0] != '\0') dprintf(screen, "    seen when testing that %s\n", record->test);
}

void screen_tells_failure(const char* message) {
    if (shared == NULL || own_number >= MOST_TESTS) return;
    Record* own = &shared->tests[own_number];
    if (own->message[0] != '\0') return;
    snprintf(own->message, sizeof own->message, "%s", message);
    copy_sentence(own->test, sizeof own->test, tcase_name() == NULL ? "" : tcase_name());
    if (atomic_exchange(&shared->told_one, true)) return;
    shared->told = own_number;
    tell(own_number);
}

// ---- At the end ----

static size_t count_failures(void) {
    size_t failures = 0;
    for (size_t i = 0; shared != NULL && i < shared->begun && i < MOST_TESTS; i++)
        failures += shared->tests[i].message[0] != '\0';
    return failures;
}

// What a test said itself is better than what Check saw of it.
static void complete(Record* record, TestResult* result) {
    if (record->message[0] != '\0' || tr_rtype(result) == CK_PASS) return;
    const char* seen = tr_msg(result);
    bool timeout = strstr(seen, "timeout expired") != NULL;
    snprintf(record->message, sizeof record->message, "%s",
             timeout ? "it did not finish in time: a call hangs, or is far too slow" : seen);
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

static bool accounted[MOST_TESTS];

// Tells this failure, and what is of its kind. Result: how many there are.
static size_t tell_kind(size_t first, size_t count) {
    char kind[MOST_TEXT];
    char other[MOST_TEXT];
    size_t found = 0;
    find_kind(kind, sizeof kind, shared->tests[first].message);
    for (size_t i = 0; i < count; i++) {
        find_kind(other, sizeof other, shared->tests[i].message);
        if (strcmp(kind, other) != 0) continue;
        accounted[i] = true;
        found++;
        bool was_told = shared->told_one && shared->told == i;
        if (found <= MOST_OF_A_KIND && !was_told) tell(i);
    }
    if (found > MOST_OF_A_KIND)
        dprintf(screen, "    and %zu more like it (make test BACKEND=%s VERBOSE=1)\n", found - MOST_OF_A_KIND,
                backend_name);
    return found;
}

static void tell_the_rest(size_t count) {
    size_t kinds = 0;
    size_t told = 0;
    if (shared->told_one) {
        told += tell_kind(shared->told, count);
        kinds++;
    }
    for (size_t i = 0; i < count && kinds < MOST_KINDS; i++) {
        if (accounted[i] || shared->tests[i].message[0] == '\0') continue;
        told += tell_kind(i, count);
        kinds++;
    }
    size_t failures = count_failures();
    if (told < failures)
        dprintf(screen, "and %zu of other kinds (make test BACKEND=%s VERBOSE=1)\n", failures - told, backend_name);
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
    dprintf(screen,
            "%s printed %zu line%s (%zu KiB) while it was tested; an allocator prints nothing, and printf may call it "
            "again",
            backend_name, lines, lines == 1 ? "" : "s", (shared->printed_bytes + 1023) / 1024);
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
    size_t known = shared->begun < MOST_TESTS ? shared->begun : MOST_TESTS;
    for (size_t i = 0; i < known && i < (size_t)count; i++) complete(&shared->tests[i], results[i]);
    tell_the_rest(known);
    if (shared->printed_bytes > 0) tell_printed();
    return shared->printed_bytes > 0;
}

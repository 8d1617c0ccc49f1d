// failure.c: see failure.h.

#include "programs/failure.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char* program_name = "program";
static atomic_flag failing = ATOMIC_FLAG_INIT;

void failure_names_program(const char* path) {
    const char* slash = strrchr(path, '/');
    program_name = slash == NULL ? path : slash + 1;
}

_Noreturn void fail(enum exit_status status, const char* format, ...) {
    // Threads that share a heap run out of memory together; the first one speaks for all and ends them.
    if (atomic_flag_test_and_set(&failing)) {
        for (;;) pause();
    }
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int prefix_bytes = snprintf(line, sizeof line - 1, "%s: ", program_name);
    if (prefix_bytes > 100) prefix_bytes = 0;  // nobody needs that much of a name
    vsnprintf(line + prefix_bytes, sizeof line - 1 - (size_t)prefix_bytes, format, arguments);
    va_end(arguments);
    size_t length = strlen(line);
    line[length] = '\n';
    // One write: the line stays whole whoever else prints. _exit: other threads may be inside the heap, so no handler
    // of exit may run. Nothing can be done about a line that cannot be printed.
    if (write(STDERR_FILENO, line, length + 1) < 0) _exit(status);
    _exit(status);
}

_Noreturn void fail_no_memory(const char* what) { fail(EXIT_NO_ANSWER, "out of memory: no room for %s", what); }

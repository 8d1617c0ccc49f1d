// convert.c: reads a trace in any format and writes it in another.
//
// Usage: trace-convert [--first N] IN OUT. The name of OUT says the format: .trace, .rep, or text for any other and for
// -.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs/failure.h"
#include "trace/file.h"

static const char usage[] =
    "usage: trace-convert [--first N] IN OUT   (OUT: FILE.trace, FILE.rep, or text in any other file; - to print it)";

static size_t events_or_exit(const char* text) {
    char* end = NULL;
    unsigned long long events = text[0] < '0' || text[0] > '9' ? 0 : strtoull(text, &end, 10);
    if (events == 0 || *end != '\0') {
        fail(EXIT_USAGE, "--first must be followed by a number of events, but is by '%s'", text);
    }
    return events;
}

int main(int argc, char** argv) {
    failure_names_program(argv[0]);
    if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
        puts(usage);
        return 0;
    }
    size_t first = SIZE_MAX;
    int at = 1;
    if (argc > 2 && strcmp(argv[1], "--first") == 0) {
        first = events_or_exit(argv[2]);
        at = 3;
    }
    if (argc - at != 2) fail(EXIT_USAGE, "%s", usage);
    static struct trace trace;
    trace_load(&trace, argv[at]);
    trace_keep_first(&trace, first);
    trace_save(&trace, argv[at + 1]);
    trace_release(&trace);
    return 0;
}

// patterns.c: one allocation pattern after the user's choice, over xmalloc.h alone, so that every backend can be asked.
//
// Usage: patterns PATTERN [-t THREADS] [-w PERCENT], or patterns --list. It prints how many calls of the allocator the
// pattern made, which is the same for all of them. bench/run does the timing.

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/pattern_list.h"
#include "programs/failure.h"
#include "programs/options.h"

static const char usage[] =
    "usage: patterns PATTERN [-t THREADS] [-w PERCENT]   (of the usual work: 1 to 1000)\n"
    "       patterns --list                              (the patterns and what they stand for)";

static const struct pattern* const patterns[] = {
    &pattern_pairs,    &pattern_small,     &pattern_medium,     &pattern_lifo,    &pattern_fifo,
    &pattern_pipeline, &pattern_exchange,  &pattern_churn,      &pattern_vectors, &pattern_large,
    &pattern_crowd,    &pattern_fragments, &pattern_neighbours, &pattern_start,   &pattern_breathing,
    &pattern_tiles,    &pattern_buffers,   &pattern_requests,   &pattern_again,
};
enum { PATTERNS = sizeof patterns / sizeof patterns[0] };

static const struct pattern* pattern_named(const char* name) {
    for (size_t i = 0; i < PATTERNS; i++) {
        if (strcmp(patterns[i]->name, name) == 0) return patterns[i];
    }
    fail(EXIT_USAGE, "there is no pattern '%s'\n%s", name, usage);
}

static unsigned number_or_exit(const char* option, const char* text, unsigned most) {
    char* end = NULL;
    unsigned long number = text == NULL || text[0] < '0' || text[0] > '9' ? 0 : strtoul(text, &end, 10);
    if (number < 1 || number > most || *end != '\0') {
        fail(EXIT_USAGE, "%s must be followed by a number from 1 to %u, but is by '%s'", option, most,
             text == NULL ? "" : text);
    }
    return (unsigned)number;
}

static void print_list(void) {
    for (size_t i = 0; i < PATTERNS; i++) printf("%s\t%s\n", patterns[i]->name, patterns[i]->stands_for);
}

static void run(int argc, char** argv) {
    const struct pattern* pattern = pattern_named(argv[1]);
    unsigned threads = pattern->threads;
    unsigned percent = 100;
    for (int i = 2; i < argc; i += 2) {
        if (strcmp(argv[i], "-t") == 0) {
            threads = number_or_exit("-t", argv[i + 1], THREADS_MOST);
        } else if (strcmp(argv[i], "-w") == 0) {
            percent = number_or_exit("-w", argv[i + 1], 1000);
        } else {
            fail(EXIT_USAGE, "unknown argument '%s'\n%s", argv[i], usage);
        }
    }
    printf("%" PRIu64 " operations\n", pattern->run(threads, percent));
}

int main(int argc, char** argv) {
    failure_names_program(argv[0]);
    if (argc < 2) fail(EXIT_USAGE, "PATTERN is missing\n%s", usage);
    if (strcmp(argv[1], "start-once") == 0) return pattern_start_once();
    if (strcmp(argv[1], "--list") == 0) {
        print_list();
    } else if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
        puts(usage);
    } else {
        run(argc, argv);
    }
    if (fflush(stdout) != 0) fail(EXIT_NO_ANSWER, "standard output could not be written: %s", strerror(errno));
    return 0;
}

// options.c: see options.h.

#include "programs/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs/failure.h"

static const char usage[] =
    "usage: PROGRAM [-t THREADS] [--digest] TOP   (THREADS 1 to 1024, default 4; TOP 2 or more)";

// Reads a whole number written in decimal digits alone; strtoull by itself would take signs and spaces.
static bool number_read(const char* name, const char* text, uint64_t least, uint64_t most, uint64_t* number,
                        char* complaint, size_t complaint_bytes) {
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0') {
        snprintf(complaint, complaint_bytes, "%s must be a whole number, but is '%s'", name, text);
        return false;
    }
    errno = 0;
    unsigned long long value = strtoull(text, NULL, 10);
    if (errno == ERANGE || value > most) {
        snprintf(complaint, complaint_bytes, "%s must be at most %llu, but is '%s'", name, (unsigned long long)most,
                 text);
        return false;
    }
    if (value < least) {
        snprintf(complaint, complaint_bytes, "%s must be at least %llu, but is '%s'", name, (unsigned long long)least,
                 text);
        return false;
    }
    *number = value;
    return true;
}

// A negative number is a bad TOP, not an option that nobody knows.
static bool looks_like_option(const char* text) { return text[0] == '-' && !isdigit((unsigned char)text[1]); }

bool options_read(int argc, char** argv, struct options* options, char* complaint, size_t complaint_bytes) {
    const char* top_text = NULL;
    uint64_t threads = THREADS_DEFAULT;
    options->help = false;
    options->digest = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            options->help = true;
            return true;
        }
        if (strcmp(argv[i], "-t") == 0) {
            if (i + 1 == argc) {
                snprintf(complaint, complaint_bytes, "-t must be followed by the number of threads");
                return false;
            }
            if (!number_read("THREADS", argv[++i], 1, THREADS_MOST, &threads, complaint, complaint_bytes)) return false;
        } else if (strcmp(argv[i], "--digest") == 0) {
            options->digest = true;
        } else if (looks_like_option(argv[i])) {
            snprintf(complaint, complaint_bytes, "unknown option '%s'", argv[i]);
            return false;
        } else if (top_text != NULL) {
            snprintf(complaint, complaint_bytes, "one TOP is enough, but '%s' follows '%s'", argv[i], top_text);
            return false;
        } else {
            top_text = argv[i];
        }
    }
    if (top_text == NULL) {
        snprintf(complaint, complaint_bytes, "TOP is missing");
        return false;
    }
    options->threads = (unsigned)threads;
    return number_read("TOP", top_text, TOP_LEAST, UINT64_MAX, &options->top, complaint, complaint_bytes);
}

struct options options_or_exit(int argc, char** argv) {
    failure_names_program(argc > 0 ? argv[0] : "program");
    struct options options = {0};
    char complaint[256];
    if (!options_read(argc, argv, &options, complaint, sizeof complaint)) {
        fail(EXIT_USAGE, "%s\n%s", complaint, usage);
    }
    if (options.help) {
        puts(usage);
        exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_NO_ANSWER);
    }
    return options;
}

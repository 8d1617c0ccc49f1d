// options.h: the command line that the three programs share.

#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { THREADS_DEFAULT = 4, THREADS_MOST = 1024, TOP_LEAST = 2 };

struct options {
    uint64_t top;      // numbers from 1 to top - 1 are searched; at least TOP_LEAST
    unsigned threads;  // 1 to THREADS_MOST
    bool help;         // asked for with -h or --help; the other fields then say nothing
    bool digest;       // asked for with --digest (digest.h)
};

// Reads a command line `[-t THREADS] [--digest] TOP`.
//
// argc, argv: as main got them. options: filled in on success.
// complaint: a buffer of complaint_bytes for a line that says what is wrong and names the value.
// Result: true, or false with a complaint. Prints nothing.
bool options_read(int argc, char** argv, struct options* options, char* complaint, size_t complaint_bytes);

// options_read for main: prints the complaint and ends the process with EXIT_USAGE, or the usage with status 0.
struct options options_or_exit(int argc, char** argv);

#endif

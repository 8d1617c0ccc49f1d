// format.h: what a format of trace files has to say of itself. Formats know traces; trace/file.c knows the formats.

#ifndef TRACE_FORMATS_FORMAT_H
#define TRACE_FORMATS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/trace.h"

struct output;

// What was read of a file.
struct input {
    const char* path;
    const unsigned char* bytes;
    size_t count;
};

struct trace_format {
    const char* ending;  // of the names of such files; "" for all that no other format has
    bool (*is)(const struct input* input);
    void (*read)(struct trace* trace,
                 const struct input* input);  // what is wrong ends the process with one line (fail)
    void (*write)(const struct trace* trace, struct output* output);
};

#endif

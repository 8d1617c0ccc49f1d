// output.h: a file that is written through a buffer of its own, without the C library's blocks.

#ifndef TRACE_OUTPUT_H
#define TRACE_OUTPUT_H

#include <stddef.h>

struct output {
    const char* path;  // for the line that says why it could not be written
    int fd;
    size_t used;
    char buffer[64 * 1024];
};

// Creates a file, or empties it; "-" is the standard output. Whatever goes wrong, here and below, ends the process
// (fail).
void output_open(struct output* output, const char* path);

void output_bytes(struct output* output, const void* bytes, size_t count);

// format, ...: as for printf. At most 8 KiB at a time.
void output_text(struct output* output, const char* format, ...) __attribute__((format(printf, 2, 3)));

// A text as a JSON string. Bytes that are no ASCII become '?', for nobody knows how they were meant.
void output_json_string(struct output* output, const char* text);

// Writes what is there, so that it is in the file whatever happens next.
void output_flush(struct output* output);

// Writes what is left and closes the file.
void output_close(struct output* output);

#endif

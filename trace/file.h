// file.h: traces from and to files. What goes wrong with a file ends the process with one line (fail).

#ifndef TRACE_FILE_H
#define TRACE_FILE_H

#include "trace/trace.h"

// Reads a file in any of the formats: whichever it is.
void trace_load(struct trace* trace, const char* path);

// Writes a file in the format that its name says: .trace, .rep, or text.
void trace_save(const struct trace* trace, const char* path);

#endif

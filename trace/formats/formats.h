// formats.h: the formats that there are. A new one is a file beside this, a line here and one in trace/file.c.

#ifndef TRACE_FORMATS_FORMATS_H
#define TRACE_FORMATS_FORMATS_H

#include "trace/formats/format.h"

extern const struct trace_format binary_format;
extern const struct trace_format text_format;
extern const struct trace_format rep_format;

#endif

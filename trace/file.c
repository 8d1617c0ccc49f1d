// file.c: see file.h. The table of formats, and which of them a file has.

#include "trace/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "programs/failure.h"
#include "trace/formats/formats.h"
#include "trace/output.h"

// Text is the last, because it has no ending: it is for every other name.
static const struct trace_format* const formats[] = {&binary_format, &rep_format, &text_format};
enum { FORMATS = sizeof formats / sizeof formats[0] };

static size_t read_all(const char* path, struct pages* pages) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail(EXIT_NO_ANSWER, "%s cannot be opened: %s", path, strerror(errno));
    size_t count = 0;
    for (;;) {
        pages_reserve(pages, count + 1);
        ssize_t some = read(fd, (char*)pages->start + count, pages->bytes - count);
        if (some < 0 && errno == EINTR) continue;
        if (some < 0) fail(EXIT_NO_ANSWER, "%s cannot be read: %s", path, strerror(errno));
        if (some == 0) break;
        count += (size_t)some;
    }
    close(fd);
    return count;
}

void trace_load(struct trace* trace, const char* path) {
    *trace = (struct trace){0};
    struct pages pages = {0};
    struct input input = {.path = path};
    input.count = read_all(path, &pages);
    input.bytes = pages.start;
    if (input.count == 0) fail(EXIT_NO_ANSWER, "%s is empty, so it is no trace", path);
    size_t format = 0;
    while (format < FORMATS && !formats[format]->is(&input)) format++;
    if (format == FORMATS) {
        fail(EXIT_NO_ANSWER, "%s is no trace: it begins like none of the formats of trace/README.md", path);
    }
    formats[format]->read(trace, &input);
    pages_release(&pages);
}

static bool ends_in(const char* text, const char* end) {
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

void trace_save(const struct trace* trace, const char* path) {
    static struct output output;
    output_open(&output, path);
    size_t format = 0;
    while (format < FORMATS - 1 && !ends_in(path, formats[format]->ending)) format++;
    formats[format]->write(trace, &output);
    output_close(&output);
}

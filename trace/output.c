// output.c: see output.h.

#include "trace/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "programs/failure.h"

enum { TEXT_MOST = 8 * 1024 };

static _Noreturn void give_up(const struct output* output) {
    fail(EXIT_NO_ANSWER, "%s cannot be written: %s", output->path, strerror(errno));
}

static void write_out(struct output* output) {
    for (size_t written = 0; written < output->used;) {
        ssize_t count = write(output->fd, output->buffer + written, output->used - written);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) give_up(output);
        written += (size_t)count;
    }
    output->used = 0;
}

void output_open(struct output* output, const char* path) {
    output->path = path;
    output->used = 0;
    if (strcmp(path, "-") == 0) {
        output->path = "standard output";
        output->fd = STDOUT_FILENO;
        return;
    }
    output->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (output->fd < 0) give_up(output);
}

void output_bytes(struct output* output, const void* bytes, size_t count) {
    const char* from = bytes;
    while (count > 0) {
        size_t room = sizeof output->buffer - output->used;
        size_t some = count < room ? count : room;
        memcpy(output->buffer + output->used, from, some);
        output->used += some;
        from += some;
        count -= some;
        if (output->used == sizeof output->buffer) write_out(output);
    }
}

void output_text(struct output* output, const char* format, ...) {
    char text[TEXT_MOST];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length > 0) output_bytes(output, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

void output_json_string(struct output* output, const char* text) {
    output_text(output, "\"");
    for (; *text != '\0'; text++) {
        bool is_printable = *text >= ' ' && *text < 0x7f;
        if (*text == '"' || *text == '\\') output_text(output, "\\");
        output_bytes(output, is_printable ? text : "?", 1);
    }
    output_text(output, "\"");
}

void output_flush(struct output* output) { write_out(output); }

void output_close(struct output* output) {
    write_out(output);
    if (output->fd != STDOUT_FILENO && close(output->fd) != 0) give_up(output);
}

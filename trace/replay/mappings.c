// mappings.c: which address space a process has, and which pages of it are resident, from /proc/self/smaps and
// mincore(2).

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "programs/failure.h"
#include "trace/pages.h"
#include "trace/replay/replay.h"

enum { TEXT_BYTES = 256 * 1024, READ_BYTES = 16 * 1024, LINE_BYTES = 512, MOST_PAGES_AT_ONCE = 4096 };

// All memory is there before the first event, so that none of it is taken for the backend's.
static struct {
    char* text[2];  // the one before, and the one that is written
    size_t used;
    bool is_too_long;
    char* read;
} state;

struct lines {
    int fd;
    size_t used;
    size_t at;
    char line[LINE_BYTES];  // cut off where it is longer
};

static bool next_byte(struct lines* lines, char* byte) {
    if (lines->at == lines->used) {
        ssize_t count = read(lines->fd, state.read, READ_BYTES);
        if (count <= 0) return false;
        lines->used = (size_t)count;
        lines->at = 0;
    }
    *byte = state.read[lines->at++];
    return true;
}

static bool next_line(struct lines* lines) {
    size_t length = 0;
    char byte = 0;
    while (next_byte(lines, &byte) && byte != '\n') {
        if (length + 1 < LINE_BYTES) lines->line[length++] = byte;
    }
    lines->line[length] = '\0';
    return byte == '\n';
}

static void __attribute__((format(printf, 1, 2))) append(const char* format, ...) {
    size_t room = TEXT_BYTES - state.used;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(state.text[1] + state.used, room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= room) {
        state.is_too_long = true;
    } else {
        state.used += (size_t)length;
    }
}

// A run of pages, and what stands between it and the one before.
struct run {
    uint64_t first;
    uint64_t count;
    const char* separator;
};

static void end_run(struct run* run) {
    if (run->count == 0) return;
    append("%s[%" PRIu64 ", %" PRIu64 "]", run->separator, run->first, run->count);
    *run = (struct run){.separator = ", "};
}

// The runs of resident pages. It looks until it has found as many as the kernel counts, so a reserve of terabytes costs
// nothing when its pages lie at its beginning.
static void append_resident(uintptr_t start, uintptr_t end, uint64_t resident_bytes) {
    static unsigned char is_resident[MOST_PAGES_AT_ONCE];
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t pages = (end - start) / page_bytes;
    int64_t wanted = (int64_t)(resident_bytes / page_bytes);
    struct run run = {.separator = ""};
    for (uint64_t first = 0; first < pages && wanted > 0; first += MOST_PAGES_AT_ONCE) {
        size_t count = pages - first < MOST_PAGES_AT_ONCE ? (size_t)(pages - first) : MOST_PAGES_AT_ONCE;
        // NOLINTNEXTLINE(performance-no-int-to-ptr): /proc writes addresses as numbers
        if (mincore((void*)(start + first * page_bytes), count * page_bytes, is_resident) != 0) break;
        for (size_t i = 0; i < count; i++) {
            if ((is_resident[i] & 1) == 0) {
                end_run(&run);
                continue;
            }
            if (run.count++ == 0) run.first = first + i;
            wanted--;
        }
    }
    end_run(&run);
}

static bool is_of_interest(const char* line) {
    const char* access = strchr(line, ' ');
    return access != NULL && access[1] != '\0' && access[2] == 'w' && strstr(line, "[stack]") == NULL;
}

const char* replay_mappings(void) {
    if (state.read == NULL) {
        state.read = pages_resident(READ_BYTES, 1);
        for (int i = 0; i < 2; i++) state.text[i] = pages_resident(TEXT_BYTES, 1);
    }
    static struct lines lines;
    lines = (struct lines){.fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC)};
    if (lines.fd < 0) fail(EXIT_NO_ANSWER, "/proc/self/smaps cannot be read: %s", strerror(errno));
    state.used = 0;
    state.is_too_long = false;
    append("[");
    uintptr_t start = 0;
    uintptr_t end = 0;
    const char* separator = "";
    while (next_line(&lines)) {
        unsigned long long from;
        unsigned long long to;
        unsigned long long kib;
        if (sscanf(lines.line, "%llx-%llx ", &from, &to) == 2) {
            start = is_of_interest(lines.line) ? (uintptr_t)from : 0;
            end = (uintptr_t)to;
        } else if (start != 0 && sscanf(lines.line, "Rss: %llu kB", &kib) == 1) {
            append("%s[%" PRIuPTR ", %" PRIuPTR ", [", separator, start, end - start);
            append_resident(start, end, kib * 1024);
            append("]]");
            separator = ", ";
        }
    }
    close(lines.fd);
    append("]");
    bool is_as_before = strcmp(state.text[0], state.text[1]) == 0;
    char* written = state.text[1];
    state.text[1] = state.text[0];
    state.text[0] = written;
    return state.is_too_long || is_as_before ? NULL : written;
}

// memory.c: how much memory is resident during a replay, and when that was worst.

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "programs/failure.h"
#include "trace/replay/replay.h"

// A reading costs about as much as a dozen events, so of a long trace not every event is followed by one.
enum { READINGS = 100000 };

uint64_t replay_resident_bytes(void) {
    static int fd = -1;
    if (fd < 0) fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    char text[128];
    ssize_t length = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
    if (length <= 0) fail(EXIT_NO_ANSWER, "/proc/self/statm cannot be read: %s", strerror(errno));
    text[length] = '\0';
    char* rest = text;
    strtoull(rest, &rest, 10);  // all pages, also those that are not there
    unsigned long long resident = strtoull(rest, &rest, 10);
    unsigned long long of_files = strtoull(rest, &rest, 10);
    return (resident - of_files) * (uint64_t)sysconf(_SC_PAGESIZE);
}

struct watch {
    struct replay_observer observer;  // first, so that a pointer to it is one to the watch
    const struct trace* trace;
    size_t every;
    uint64_t before;
    uint64_t payload;
    struct replay_memory memory;
};

static void begin(struct replay_observer* observer) {
    struct watch* watch = (struct watch*)observer;
    replay_resident_bytes();
    watch->before = replay_resident_bytes();
}

static void after(struct replay_observer* observer, size_t number, const struct trace_event* event,
                  struct replay_change change) {
    struct watch* watch = (struct watch*)observer;
    watch->payload += event->bytes;
    if (event->kind == TRACE_REALLOC || event->kind == TRACE_FREE) watch->payload -= change.old_bytes;
    bool is_read = number % watch->every == 0 || number == watch->trace->peak_event;
    if (!is_read) return;

    uint64_t resident = replay_resident_bytes();
    resident = resident > watch->before ? resident - watch->before : 0;
    struct replay_memory* memory = &watch->memory;
    if (resident > memory->resident_peak_bytes) memory->resident_peak_bytes = resident;
    int64_t waste = (int64_t)(resident - watch->payload);
    if (memory->worst.event == 0 || waste > (int64_t)(memory->worst.resident_bytes - memory->worst.payload_bytes)) {
        memory->worst = (struct replay_moment){number + 1, watch->payload, resident};
    }
}

struct replay_memory replay_measure_memory(const struct trace* trace, bool with_threads) {
    struct watch watch = {
        .observer = {.begin = begin, .after = after}, .trace = trace, .every = trace->count / READINGS + 1};
    replay_in_order(trace, with_threads, &watch.observer);
    return watch.memory;
}

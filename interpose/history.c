// history.c: see history.h. addr2line(1) turns addresses into lines; without it the addresses must do.
//
// The newest blocks are remembered, each at a place that its address chooses; 16 MiB of address space in all.

#include "interpose/history.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "programs/environment.h"

enum { FRAMES = 8, OWN_FRAMES = 2, PLACES = 1 << 16, SHOWN_BYTES = 16 };

struct history {
    const char* start;
    size_t bytes;
    void* taken[FRAMES];
    void* freed[FRAMES];  // NULL while it lives
};

static struct history* histories;  // NULL: nobody wants to know
static struct {
    const char* start;
    size_t bytes;
    int expected;
} overwritten;

static __attribute__((constructor)) void history_set_up(int argc, char** argv, char** environment) {
    (void)argc;
    (void)argv;
    const char* wanted = environment_variable(environment, "XMALLOC_CHECK");
    if (wanted == NULL || strcmp(wanted, "0") == 0) return;
    if (strcmp(wanted, "1") != 0) {
        fprintf(stderr, "XMALLOC_CHECK is \"%s\", but must be 1 for explanations, or 0\n", wanted);
        exit(2);
    }
    // The library is set up before the C library: who loads another one now has that set up, too, with the environment
    // that stands here.
    if (environ == NULL) environ = environment;
    void* frames[1];
    backtrace(frames, 1);  // loads the unwinder, which allocates, once
    void* mapped = mmap(NULL, PLACES * sizeof *histories, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped != MAP_FAILED) histories = mapped;
}

static struct history* place_of(const void* start) {
    return &histories[((uintptr_t)start / 16 * UINT64_C(0x9e3779b97f4a7c15) >> 40) % PLACES];
}

// The caller's frames, without those of the layer.
static __attribute__((noinline)) void note(void** frames) {
    void* all[FRAMES + OWN_FRAMES] = {0};
    backtrace(all, FRAMES + OWN_FRAMES);
    memcpy(frames, all + OWN_FRAMES, FRAMES * sizeof *frames);
}

void history_taken(const void* start, size_t bytes) {
    if (histories == NULL) return;
    struct history* history = place_of(start);
    *history = (struct history){.start = start, .bytes = bytes};
    note(history->taken);
}

void history_freed(const void* start) {
    if (histories != NULL && place_of(start)->start == start) note(place_of(start)->freed);
}

void history_overwritten(const char* start, size_t bytes, int expected) {
    overwritten.start = start;
    overwritten.bytes = bytes;
    overwritten.expected = expected;
}

static void say(const char* words) {
    if (write(STDERR_FILENO, words, strlen(words)) < 0) _exit(1);
}

// What addr2line says of an address in a file, without what it adds in brackets. A process of its own finds it out, for
// this one's heap is broken. Result: whether it said something.
static bool line_of(const char* file, const char* address, char* line, size_t bytes) {
    int ends[2];
    if (pipe(ends) != 0) return false;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        unsetenv("LD_PRELOAD");
        execlp("addr2line", "addr2line", "-fpse", file, address, (char*)NULL);
        _exit(127);
    }
    close(ends[1]);
    size_t length = 0;
    ssize_t more;
    while (length < bytes - 1 && (more = read(ends[0], line + length, bytes - 1 - length)) > 0) length += (size_t)more;
    close(ends[0]);
    if (child != -1) waitpid(child, NULL, 0);
    line[length] = '\0';
    line[strcspn(line, "\n")] = '\0';
    char* bracket = strstr(line, " (discriminator");
    if (bracket != NULL) *bracket = '\0';
    return length > 0;
}

// One line of the program. Those of the layer itself are left out.
static void tell_frame(void* frame) {
    Dl_info module;
    struct link_map* map;
    if (dladdr1(frame, &module, (void**)&map, RTLD_DL_LINKMAP) == 0 || strstr(module.dli_fname, "libpar-") != NULL)
        return;
    if (module.dli_sname != NULL && strncmp(module.dli_sname, "__wrap_x", 8) == 0) return;
    char address[24];
    snprintf(address, sizeof address, "0x%zx", (size_t)((uintptr_t)frame - map->l_addr) - 1);
    const char* file = map->l_name[0] == '\0' ? "/proc/self/exe" : module.dli_fname;
    char own[512];
    ssize_t length = map->l_name[0] == '\0' ? readlink(file, own, sizeof own - 1) : -1;
    if (length > 0) {
        own[length] = '\0';
        file = own;
    }
    char line[400];
    if (!line_of(file, address, line, sizeof line)) {
        say("    "), say(file), say(" at "), say(address), say("\n");
    } else if (strstr(line, " at checking.c:") == NULL && strstr(line, " at family.h:") == NULL) {
        say("    "), say(line), say("\n");
    }
}

static void tell_frames(const char* title, void* const* frames) {
    if (frames[0] == NULL) return;
    say(title);
    for (size_t i = 0; i < FRAMES && frames[i] != NULL; i++) {
        Dl_info module;
        // Below main there is only the C library's start.
        if (dladdr(frames[i], &module) != 0 && module.dli_fname != NULL && strstr(module.dli_fname, "libc.so") != NULL)
            break;
        tell_frame(frames[i]);
    }
}

static void tell_overwritten(void) {
    size_t count = 0, first = overwritten.bytes, last = 0;
    for (size_t i = 0; i < overwritten.bytes; i++) {
        if ((unsigned char)overwritten.start[i] == overwritten.expected) continue;
        if (count++ == 0) first = i;
        last = i;
    }
    if (count == 0) return;
    char line[200];
    int length = snprintf(line, sizeof line, "  overwritten: %zu byte%s within %zu; there stands", count,
                          count == 1 ? "" : "s", last - first + 1);
    for (size_t i = first; i <= last && i < first + SHOWN_BYTES; i++) {
        length += snprintf(line + length, sizeof line - (size_t)length, " %02x", (unsigned char)overwritten.start[i]);
    }
    snprintf(line + length, sizeof line - (size_t)length, "\n");
    say(line);
}

static const struct history* history_around(const char* address) {
    if (place_of(address)->start == address) return place_of(address);
    for (size_t i = 0; i < PLACES; i++) {
        const struct history* history = &histories[i];
        if (history->start != NULL && address > history->start && address < history->start + history->bytes)
            return history;
    }
    return NULL;
}

void history_tell(const void* address) {
    if (histories == NULL) return;
    const struct history* history = history_around(address);
    if (overwritten.start != NULL) tell_overwritten();
    if (history != NULL) {
        tell_frames("  taken at\n", history->taken);
        tell_frames("  freed at\n", history->freed);
    }
    void* here[FRAMES] = {0};
    note(here);
    tell_frames("  noticed at\n", here);
}

// record.c: lib/libxtrace.so, which stands between a program and its malloc and writes down every call (raw.h).
//
// It allocates nothing itself, takes no lock but when the file grows, and keeps errno. The calls go on to whichever
// malloc comes next in the order of libraries: the C library's, or that of another preloaded one. A followed program
// waits after each event (held.h): with a block that it was given, or before one goes.

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "programs/environment.h"
#include "trace/record/held.h"
#include "trace/record/raw.h"

#define PUBLIC __attribute__((visibility("default")))

// ---- The real ones --------------------------------------------------------------------------------------------------

static struct {
    void* (*malloc)(size_t bytes);
    void* (*calloc)(size_t count, size_t bytes_each);
    void* (*realloc)(void* block, size_t bytes);
    void (*free)(void* block);
    void* (*aligned_alloc)(size_t alignment, size_t bytes);
    void* (*memalign)(size_t alignment, size_t bytes);
    int (*posix_memalign)(void** block, size_t alignment, size_t bytes);
    void* (*valloc)(size_t bytes);
    void* (*pvalloc)(size_t bytes);
} real;

// dlsym may allocate before it has told us where malloc is. What it takes then comes from here and is never given back.
static struct {
    _Alignas(16) char bytes[16 * 1024];
    size_t used;
} early;
static bool are_found;

static void* early_take(size_t bytes) {
    size_t rounded = (bytes + 15) & ~(size_t)15;
    if (rounded < bytes || rounded > sizeof early.bytes - early.used) {
        errno = ENOMEM;
        return NULL;
    }
    void* block = early.bytes + early.used;
    early.used += rounded;
    return block;
}

static bool is_early(const void* block) {
    return (const char*)block >= early.bytes && (const char*)block < early.bytes + sizeof early.bytes;
}

// Result: false while dlsym itself is asking. The first call of a program is made before it has any threads.
static bool found(void) {
    if (__builtin_expect(are_found, 1)) return true;
    static bool is_searching;
    if (is_searching) return false;
    is_searching = true;
    // The standard's own way to put what dlsym gives into a pointer to a function.
    *(void**)&real.malloc = dlsym(RTLD_NEXT, "malloc");
    *(void**)&real.calloc = dlsym(RTLD_NEXT, "calloc");
    *(void**)&real.realloc = dlsym(RTLD_NEXT, "realloc");
    *(void**)&real.free = dlsym(RTLD_NEXT, "free");
    *(void**)&real.aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
    *(void**)&real.memalign = dlsym(RTLD_NEXT, "memalign");
    *(void**)&real.posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
    *(void**)&real.valloc = dlsym(RTLD_NEXT, "valloc");
    *(void**)&real.pvalloc = dlsym(RTLD_NEXT, "pvalloc");
    are_found = true;
    return true;
}

// ---- The file -------------------------------------------------------------------------------------------------------

enum { SEGMENTS_MOST = 1 << 16, PATH_BYTES = 4096, PAGE_BYTES = 4096 };

// A page that the system wipes in a child, however it was forked: there it says that nothing is recorded.
static struct { atomic_bool is_on; } * recording;

static struct raw_header* header;
static bool is_followed;
static char path[PATH_BYTES];
static struct raw_event* _Atomic segments[SEGMENTS_MOST];
static atomic_flag is_growing = ATOMIC_FLAG_INIT;

static void stop_recording(int why) {
    atomic_store(&header->growth_errno, why);
    atomic_store(&recording->is_on, false);
}

// Whoever makes a file longer than the program's limit is ended by a signal.
static bool file_may_end_at(off_t end) {
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || (rlim_t)end <= limit.rlim_cur;
}

// The file is opened anew each time, for a program may close files that it does not know.
// Result: NULL, with errno, when the file cannot grow; the disk may be full.
static void* map_of_file(off_t start, size_t bytes) {
    if (!file_may_end_at(start + (off_t)bytes)) {
        errno = EFBIG;
        return NULL;
    }
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return NULL;
    void* mapped = NULL;
    // Room is made first: a write to a page that finds none would end the program.
    int error = posix_fallocate(fd, start, (off_t)bytes);
    if (error != 0) {
        errno = error;
    } else {
        mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, start);
        if (mapped == MAP_FAILED) mapped = NULL;
    }
    int kept_errno = errno;
    close(fd);
    errno = kept_errno;
    return mapped;
}

// Maps the segment unless another thread just did. A signal handler that allocates must not find us here: it would wait
// for ever.
static struct raw_event* grow(size_t segment) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    while (atomic_flag_test_and_set_explicit(&is_growing, memory_order_acquire)) sched_yield();
    struct raw_event* events = atomic_load_explicit(&segments[segment], memory_order_relaxed);
    if (events == NULL && atomic_load(&recording->is_on)) {
        events = map_of_file(RAW_HEADER_BYTES + (off_t)segment * RAW_SEGMENT_BYTES, RAW_SEGMENT_BYTES);
        if (events == NULL) {
            stop_recording(errno);
        } else {
            atomic_store_explicit(&segments[segment], events, memory_order_release);
        }
    }
    atomic_flag_clear_explicit(&is_growing, memory_order_release);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return events;
}

static bool is_recording(void) {
    return recording != NULL && atomic_load_explicit(&recording->is_on, memory_order_relaxed);
}

static uint32_t thread_number(void) {
    static _Thread_local uint32_t number_plus_one;
    if (number_plus_one == 0) number_plus_one = atomic_fetch_add(&header->threads, 1) + 1;
    return number_plus_one - 1;
}

enum { NO_PLACE = -1 };

// Result: where the event is, or NO_PLACE when it was not recorded.
static int64_t write_event(enum raw_kind kind, const void* block, size_t bytes, unsigned alignment_log2) {
    uint64_t place = atomic_fetch_add(&header->next, 1);
    if (place >= header->most_events) {
        atomic_store(&recording->is_on, false);
        return NO_PLACE;
    }
    struct raw_event* events = atomic_load_explicit(&segments[place / RAW_EVENTS_EACH], memory_order_acquire);
    if (events == NULL) events = grow(place / RAW_EVENTS_EACH);
    if (events == NULL) return NO_PLACE;
    struct raw_event* event = &events[place % RAW_EVENTS_EACH];
    event->block = (uint64_t)(uintptr_t)block;
    event->bytes = bytes;
    event->thread = thread_number();
    event->alignment_log2 = alignment_log2;
    if (kind == RAW_BEGIN) atomic_store(&header->first, place);
    atomic_store_explicit(&event->kind, kind, memory_order_release);
    return (int64_t)place;
}

// The follower waits for an event that has its place and is not yet written. No signal may come between: a handler that
// allocates would wait for the follower.
static void write_and_wait(enum raw_kind kind, const void* block, size_t bytes, unsigned alignment_log2) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    int64_t place = write_event(kind, block, bytes, alignment_log2);
    held_tell(header);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (place == NO_PLACE) return;
    if (!held_until_done(header, (uint64_t)place)) atomic_store(&recording->is_on, false);
}

static void record(enum raw_kind kind, const void* block, size_t bytes, unsigned alignment_log2) {
    if (!is_recording()) return;
    int kept_errno = errno;
    if (is_followed) {
        write_and_wait(kind, block, bytes, alignment_log2);
    } else {
        write_event(kind, block, bytes, alignment_log2);
    }
    errno = kept_errno;
}

// page: what `recording` shall be.
static void begin_recording(void* page) {
    uint32_t following = atomic_load(&header->following);
    if (following == RAW_RELEASED) return;
    is_followed = following == RAW_FOLLOWED;
    // After an exec the program that was here before is gone, with all its blocks. A follower may be reading the file,
    // so it stays as long as it is, and a RAW_BEGIN tells.
    if (!is_followed) {
        if (atomic_load(&header->programs) != 0 && truncate(path, RAW_HEADER_BYTES) != 0) return;
        atomic_store(&header->next, 0);
    }
    atomic_store(&header->threads, 0);
    atomic_store(&header->growth_errno, 0);
    atomic_fetch_add(&header->programs, 1);
    recording = page;
    atomic_store(&recording->is_on, true);
    if (is_followed) record(RAW_BEGIN, NULL, 0, 0);
}

__attribute__((constructor)) static void begin(int argc, char** argv, char** environment) {
    (void)argc;
    (void)argv;
    found();
    const char* file = environment_variable(environment, RAW_FILE_VARIABLE);
    const char* process = environment_variable(environment, RAW_PROCESS_VARIABLE);
    if (file == NULL || strlen(file) >= sizeof path || process == NULL || atol(process) != getpid()) return;
    memcpy(path, file, strlen(file) + 1);
    int kept_errno = errno;
    header = map_of_file(0, RAW_HEADER_BYTES);
    void* page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (header != NULL && page != MAP_FAILED && madvise(page, PAGE_BYTES, MADV_WIPEONFORK) == 0) begin_recording(page);
    errno = kept_errno;
}

// ---- The family -----------------------------------------------------------------------------------------------------

static unsigned log2_of(size_t alignment) {
    unsigned log2 = 0;
    while (log2 < 63 && (size_t)1 << log2 < alignment) log2++;
    return log2;
}

static void* recorded(enum raw_kind kind, void* block, size_t bytes, size_t alignment) {
    if (block != NULL) record(kind, block, bytes, log2_of(alignment));
    return block;
}

PUBLIC void* malloc(size_t bytes) {
    if (!found()) return early_take(bytes);
    return recorded(RAW_MALLOC, real.malloc(bytes), bytes, 1);
}

PUBLIC void* calloc(size_t count, size_t bytes_each) {
    size_t bytes;
    bool is_too_large = __builtin_mul_overflow(count, bytes_each, &bytes);
    if (!found()) return is_too_large ? NULL : early_take(bytes);
    return recorded(RAW_CALLOC, real.calloc(count, bytes_each), bytes, 1);
}

PUBLIC void free(void* block) {
    if (block == NULL || is_early(block)) return;
    record(RAW_FREE, block, 0, 0);
    found();
    real.free(block);
}

static void* moved_from_early(const void* block, size_t bytes) {
    void* moved = malloc(bytes);
    if (moved == NULL) return NULL;
    size_t there = sizeof early.bytes - (size_t)((const char*)block - early.bytes);
    return memcpy(moved, block, there < bytes ? there : bytes);
}

PUBLIC void* realloc(void* block, size_t bytes) {
    if (is_early(block)) return moved_from_early(block, bytes);
    if (!found()) return early_take(bytes);
    if (block == NULL) return recorded(RAW_MALLOC, real.realloc(NULL, bytes), bytes, 1);
    record(RAW_RESIZE_BEGIN, block, 0, 0);
    void* resized = real.realloc(block, bytes);
    record(RAW_RESIZE_END, resized, bytes, 0);
    return resized;
}

PUBLIC void* reallocarray(void* block, size_t count, size_t bytes_each) {
    size_t bytes;
    if (__builtin_mul_overflow(count, bytes_each, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, bytes);
}

PUBLIC void* aligned_alloc(size_t alignment, size_t bytes) {
    if (!found()) return NULL;
    return recorded(RAW_ALIGNED, real.aligned_alloc(alignment, bytes), bytes, alignment);
}

PUBLIC void* memalign(size_t alignment, size_t bytes) {
    if (!found()) return NULL;
    return recorded(RAW_ALIGNED, real.memalign(alignment, bytes), bytes, alignment);
}

PUBLIC int posix_memalign(void** block, size_t alignment, size_t bytes) {
    if (!found()) return ENOMEM;
    int error = real.posix_memalign(block, alignment, bytes);
    if (error == 0) recorded(RAW_ALIGNED, *block, bytes, alignment);
    return error;
}

PUBLIC void* valloc(size_t bytes) {
    if (!found()) return NULL;
    return recorded(RAW_ALIGNED, real.valloc(bytes), bytes, PAGE_BYTES);
}

PUBLIC void* pvalloc(size_t bytes) {
    if (!found()) return NULL;
    size_t rounded = (bytes + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
    return recorded(RAW_ALIGNED, real.pvalloc(bytes), rounded, PAGE_BYTES);
}

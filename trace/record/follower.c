// follower.c: see follower.h.

#include "trace/record/follower.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs/failure.h"
#include "trace/record/futex.h"

enum { LONGEST_WAIT_NS = 50 * 1000 * 1000 };

void follower_open(struct follower* follower, const char* path) {
    *follower = (struct follower){.fd = open(path, O_RDWR | O_CLOEXEC)};
    struct stat file;
    void* mapped = MAP_FAILED;
    if (follower->fd >= 0 && fstat(follower->fd, &file) == 0 && file.st_size >= RAW_HEADER_BYTES) {
        mapped = mmap(NULL, RAW_HEADER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, follower->fd, 0);
    } else if (follower->fd >= 0) {
        errno = EINVAL;
    }
    if (mapped == MAP_FAILED) {
        fail(EXIT_NO_ANSWER, "%s cannot be followed: %s; bin/xtrace -f %s PROGRAM makes it", path, strerror(errno),
             path);
    }
    follower->header = mapped;
    uint32_t following = atomic_load(&follower->header->following);
    if (following != RAW_FOLLOWED && following != RAW_RELEASED) {
        fail(EXIT_NO_ANSWER, "%s is no recording to follow; bin/xtrace -f %s PROGRAM makes one", path, path);
    }
    // The system takes the lock away when this process ends, however it does.
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(follower->fd, F_SETLK, &lock) != 0)
        fail(EXIT_NO_ANSWER, "%s is followed already, and one is enough", path);
    atomic_store(&follower->header->has_follower, 1);
}

// Result: false when the file is not yet so long. The program makes it longer before it writes there.
static bool map_segment(struct follower* follower) {
    if (follower->events != NULL) return true;
    off_t start = RAW_HEADER_BYTES + (off_t)(follower->next / RAW_EVENTS_EACH) * RAW_SEGMENT_BYTES;
    struct stat file;
    if (fstat(follower->fd, &file) != 0 || file.st_size < start + RAW_SEGMENT_BYTES) return false;
    void* mapped = mmap(NULL, RAW_SEGMENT_BYTES, PROT_READ, MAP_SHARED, follower->fd, start);
    if (mapped == MAP_FAILED) fail(EXIT_NO_ANSWER, "the recording cannot be read: %s", strerror(errno));
    follower->events = mapped;
    return true;
}

static void pass_on(struct follower* follower) {
    follower->next++;
    if (follower->next % RAW_EVENTS_EACH != 0 || follower->events == NULL) return;
    munmap((void*)follower->events, RAW_SEGMENT_BYTES);
    follower->events = NULL;
}

static const struct raw_event* event_there(struct follower* follower) {
    if (!map_segment(follower)) return NULL;
    const struct raw_event* event = &follower->events[follower->next % RAW_EVENTS_EACH];
    return atomic_load_explicit(&event->kind, memory_order_acquire) == 0 ? NULL : event;
}

enum follower_news follower_read(struct follower* follower, const struct raw_event** event) {
    struct raw_header* header = follower->header;
    for (int attempts = 0; attempts < 2;) {
        // All of these before the event: what is missing although they say so stays missing.
        uint32_t written = atomic_load(&header->written);
        bool is_over = atomic_load(&header->has_ended) != 0 || atomic_load(&header->growth_errno) != 0 ||
                       atomic_load(&header->following) != RAW_FOLLOWED;
        bool is_of_the_past = follower->next < atomic_load(&header->first);
        uint64_t most = atomic_load(&header->next);
        *event = event_there(follower);
        if (*event != NULL) return FOLLOWER_EVENT;
        if (is_over && follower->next >= most) return FOLLOWER_END;
        if (is_over || is_of_the_past) {
            pass_on(follower);
        } else if (attempts++ == 0) {
            futex_wait(&header->written, written, &(struct timespec){.tv_nsec = LONGEST_WAIT_NS});
        }
    }
    return FOLLOWER_NOTHING_YET;
}

void follower_done(struct follower* follower) {
    pass_on(follower);
    atomic_store(&follower->header->done, (uint32_t)follower->next);
    futex_wake_all(&follower->header->done);
}

bool follower_is_gone(const struct raw_header* header, int fd) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return atomic_load(&header->has_follower) != 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

void follower_release(struct raw_header* header) {
    atomic_store(&header->following, RAW_RELEASED);
    atomic_fetch_add(&header->done, 1);
    futex_wake_all(&header->done);
}

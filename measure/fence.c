// fence.c: see fence.h, and landlock(7). The constants stand here because headers of a system may be older than its
// kernel; rights that the kernel does not know yet are left out.

#include "fence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The same on every machine.
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { ASK_FOR_VERSION = 1, RULE_PATH_BENEATH = 1 };

enum {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    MAKE_CHAR = 1 << 6,
    MAKE_BLOCK = 1 << 11,
    FIRST_RIGHTS = (1 << 13) - 1,  // all of version 1
    REFER = 1 << 13,               // version 2: links and renames between folders
    TRUNCATE = 1 << 14,            // version 3
    IOCTL_DEVICE = 1 << 15,        // version 5
    SEEING = EXECUTE | READ_FILE | READ_DIR,
    ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE
};
enum { ABSTRACT_SOCKETS = 1 << 0, SIGNALS = 1 << 1 };  // version 6

struct ruleset {
    uint64_t files, networks, scoped;
};

struct path_rule {
    uint64_t allowed;
    int32_t path_fd;
} __attribute__((packed));

static const char* const DEVICES[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};
enum { DEVICE_COUNT = sizeof DEVICES / sizeof DEVICES[0] };

static struct ruleset known_rights(long version) {
    struct ruleset known = {.files = FIRST_RIGHTS};
    if (version >= 2) known.files |= REFER;
    if (version >= 3) known.files |= TRUNCATE;
    if (version >= 5) known.files |= IOCTL_DEVICE;
    if (version >= 6) known.scoped = ABSTRACT_SOCKETS | SIGNALS;
    return known;
}

static bool allow(int ruleset_fd, const char* path, uint64_t rights) {
    int path_fd = open(path, O_PATH | O_CLOEXEC);
    if (path_fd < 0) return false;
    struct stat about;
    if (fstat(path_fd, &about) == 0 && !S_ISDIR(about.st_mode)) rights &= ON_FILES;
    struct path_rule rule = {.allowed = rights, .path_fd = path_fd};
    long added = syscall(ADD_RULE, ruleset_fd, RULE_PATH_BENEATH, &rule, 0);
    int why = errno;
    close(path_fd);
    errno = why;
    return added == 0;
}

static bool add_rules(int ruleset_fd, const struct fence* fence, uint64_t known) {
    uint64_t writing = known & ~(uint64_t)(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEVICE);
    for (size_t i = 0; i < DEVICE_COUNT; i++) {
        if (!allow(ruleset_fd, DEVICES[i], known & (READ_FILE | WRITE_FILE | TRUNCATE))) return false;
    }
    for (size_t i = 0; i < fence->see_count; i++) {
        if (!allow(ruleset_fd, fence->see[i], SEEING)) return false;
    }
    for (size_t i = 0; i < fence->write_count; i++) {
        if (!allow(ruleset_fd, fence->write[i], writing)) return false;
    }
    return true;
}

bool fence_this_process(const struct fence* fence) {
    long version = syscall(CREATE_RULESET, NULL, 0, ASK_FOR_VERSION);
    if (version < 0) return false;
    struct ruleset known = known_rights(version);
    int ruleset_fd = (int)syscall(CREATE_RULESET, &known, sizeof known, 0);
    if (ruleset_fd < 0) return false;
    fcntl(ruleset_fd, F_SETFD, FD_CLOEXEC);
    return add_rules(ruleset_fd, fence, known.files) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(RESTRICT_SELF, ruleset_fd, 0) == 0;
}

// confine.c: a list of forbidden system calls, made into a seccomp filter. They fail with EPERM; nobody is killed for
// asking.

#include "confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
static const uint32_t THIS_ARCHITECTURE = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
static const uint32_t THIS_ARCHITECTURE = AUDIT_ARCH_AARCH64;
#else
static const uint32_t THIS_ARCHITECTURE = 0;  // confine_this_process says that it cannot
#endif

// Headers before glibc 2.32 do not name it; it has this number everywhere.
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static const uint32_t FORBIDDEN[] = {
    // Networks and other people's servers; socketpair stays.
    SYS_socket,
    // Other processes.
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_perf_event_open,
    // Namespaces and mounts: the way to be root in a small world and to find bugs of the kernel there.
    SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot,
    // What outlives its process or belongs to the user as a whole.
    SYS_shmget, SYS_semget, SYS_msgget, SYS_mq_open, SYS_add_key, SYS_request_key, SYS_keyctl,
    // Ways around this filter, and large doors that no allocator needs.
    SYS_io_uring_setup, SYS_bpf, SYS_userfaultfd, SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_pidfd_getfd};

enum { FORBIDDEN_COUNT = sizeof FORBIDDEN / sizeof FORBIDDEN[0], MOST_INSTRUCTIONS = 2 * FORBIDDEN_COUNT + 32 };

// x86-64 knows each call by a second number, with this bit, for programs with 32-bit pointers.
static const uint32_t X32_CALL = 0x40000000;
static const uint32_t NEW_NAMESPACES =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

struct filter {
    unsigned short count;
    struct sock_filter code[MOST_INSTRUCTIONS];
};

static void add(struct filter* filter, uint16_t operation, uint32_t value, uint8_t skip_if_true,
                uint8_t skip_if_false) {
    filter->code[filter->count++] =
        (struct sock_filter){.code = operation, .k = value, .jt = skip_if_true, .jf = skip_if_false};
}

static void load(struct filter* filter, size_t offset) {
    add(filter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void answer(struct filter* filter, uint32_t answer) { add(filter, BPF_RET | BPF_K, answer, 0, 0); }

static uint32_t error_answer(int error) { return SECCOMP_RET_ERRNO | (uint32_t)error; }

static void forbid(struct filter* filter, uint32_t call, int error) {
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
    answer(filter, error_answer(error));
}

static const size_t FIRST_ARGUMENT =
    offsetof(struct seccomp_data, args);  // its lower half: both machines are little-endian

static struct filter make_filter(void) {
    struct filter filter = {0};
    load(&filter, offsetof(struct seccomp_data, arch));
    add(&filter, BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCHITECTURE, 1, 0);
    answer(&filter, error_answer(EPERM));
    load(&filter, offsetof(struct seccomp_data, nr));
    add(&filter, BPF_JMP | BPF_JGE | BPF_K, X32_CALL, 0, 1);
    answer(&filter, error_answer(ENOSYS));
    for (size_t i = 0; i < FORBIDDEN_COUNT; i++) forbid(&filter, FORBIDDEN[i], EPERM);
    // Its flags lie in memory, where no filter sees them; the C library falls back on clone.
    forbid(&filter, SYS_clone3, ENOSYS);

    // clone with a new namespace
    add(&filter, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
    load(&filter, FIRST_ARGUMENT);
    add(&filter, BPF_JMP | BPF_JSET | BPF_K, NEW_NAMESPACES, 0, 1);
    answer(&filter, error_answer(EPERM));
    answer(&filter, SECCOMP_RET_ALLOW);

    // prlimit64 of somebody else: 0 is the caller
    add(&filter, BPF_JMP | BPF_JEQ | BPF_K, SYS_prlimit64, 0, 3);
    load(&filter, FIRST_ARGUMENT);
    add(&filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
    answer(&filter, error_answer(EPERM));
    answer(&filter, SECCOMP_RET_ALLOW);
    return filter;
}

// Root without its capabilities may not look into guarded processes either.
static bool drop_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capset, &header, none) == 0;
}

void guard_this_process(void) { prctl(PR_SET_DUMPABLE, 0); }

void unguard_this_process(void) { prctl(PR_SET_DUMPABLE, 1); }

bool confine_this_process(void) {
    if (THIS_ARCHITECTURE == 0) {
        errno = ENOSYS;
        return false;
    }
    struct filter filter = make_filter();
    struct sock_fprog program = {.len = filter.count, .filter = filter.code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !drop_capabilities()) return false;
    // Without the flag older kernels switch off speculation past stores, which would slow down what we time.
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0;
}

// faults.c: see faults.h. Every function makes its system call itself, so nothing here depends on who else is
// preloaded.

#include "tests/torture/faults.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

// Such an address is not canonical, so whoever touches it is stopped.
#define HIGH_START ((uintptr_t)1 << 52)

enum { HIGH_LEAST_BYTES = 2 * 1024 * 1024, PAGE = 4096 };

static struct faults faults;

PUBLIC struct faults* faults_of_process(void) { return &faults; }

// syscall(2) is replaced here too, so this one does not go through it. Result: as the kernel's, and errno.
static long kernel(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    register long sixth __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
#elif defined(__aarch64__)
    register long which __asm__("x8") = number;
    register long result __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;
    register long fourth __asm__("x3") = d;
    register long fifth __asm__("x4") = e;
    register long sixth __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(result)
                     : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "memory");
#else
#error faults.c knows how to make a system call on x86-64 and arm64 only
#endif
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

// Whether this call is one of those that fail because others have.
static bool fails_then(enum fault_call kind) {
    if ((faults.then_kinds >> kind & 1) == 0 || __atomic_load_n(&faults.failed, __ATOMIC_RELAXED) == 0) return false;
    return __atomic_add_fetch(&faults.then_counted, 1, __ATOMIC_RELAXED) <= faults.then_calls;
}

static bool fails_now(enum fault_call kind) {
    if ((faults.kinds >> kind & 1) == 0) return false;
    uint64_t number = __atomic_add_fetch(&faults.counted, 1, __ATOMIC_RELAXED);
    return faults.first != 0 && number >= faults.first && number - faults.first < faults.calls;
}

// Whether this call fails. Atomic, so that threads may make calls at the same time.
static bool fails(enum fault_call kind, int error) {
    if (!fails_then(kind) && !fails_now(kind)) return false;
    __atomic_add_fetch(&faults.failed, 1, __ATOMIC_RELAXED);
    errno = error;
    return true;
}

static bool is_high(const void* start) { return (uintptr_t)start >= HIGH_START; }

// A mapping that ends where 2 MiB do not, with one page of no access on the side that is aligned.
static void* map_unaligned(void* hint, size_t bytes, int protection, int flags) {
    char* start = (char*)(uintptr_t)kernel(SYS_mmap, (long)hint, (long)bytes + PAGE, protection, flags, -1, 0);
    if (start == MAP_FAILED) return MAP_FAILED;
    bool aligned = ((uintptr_t)start & (HIGH_LEAST_BYTES - 1)) == 0;
    kernel(SYS_munmap, (long)(aligned ? start : start + bytes), PAGE, 0, 0, 0, 0);
    return aligned ? start + PAGE : start;
}

PUBLIC void* mmap(void* hint, size_t bytes, int protection, int flags, int file, off_t offset) {
    // What the kernel says of memory that would be locked (mlockall(2)). A program shall hear ENOMEM all the same.
    if (fails(CALL_MMAP, EAGAIN)) return MAP_FAILED;
    bool anonymous = (flags & MAP_ANONYMOUS) != 0 && (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) == 0;
    if (anonymous && faults.high && bytes >= HIGH_LEAST_BYTES) {
        static uintptr_t next = HIGH_START;
        if (bytes > HIGH_START) {
            errno = ENOMEM;
            return MAP_FAILED;
        }
        return (void*)__atomic_fetch_add(&next, (bytes + PAGE - 1) & ~(size_t)(PAGE - 1), __ATOMIC_RELAXED);
    }
    if (anonymous && faults.unaligned && bytes >= HIGH_LEAST_BYTES)
        return map_unaligned(hint, bytes, protection, flags);
    return (void*)(uintptr_t)kernel(SYS_mmap, (long)hint, (long)bytes, protection, flags, file, offset);
}

PUBLIC void* mmap64(void* hint, size_t bytes, int protection, int flags, int file, off_t offset) {
    return mmap(hint, bytes, protection, flags, file, offset);
}

PUBLIC int munmap(void* start, size_t bytes) {
    if (fails(CALL_MUNMAP, ENOMEM)) return -1;
    if (is_high(start)) return 0;
    return (int)kernel(SYS_munmap, (long)start, (long)bytes, 0, 0, 0, 0);
}

PUBLIC void* mremap(void* start, size_t old_bytes, size_t bytes, int flags, ...) {
    if (fails(CALL_MREMAP, ENOMEM)) return MAP_FAILED;
    va_list rest;
    va_start(rest, flags);
    void* place = (flags & MREMAP_FIXED) != 0 ? va_arg(rest, void*) : NULL;
    va_end(rest);
    return (void*)(uintptr_t)kernel(SYS_mremap, (long)start, (long)old_bytes, (long)bytes, flags, (long)place, 0);
}

PUBLIC int madvise(void* start, size_t bytes, int advice) {
    if (fails(CALL_MADVISE, EPERM)) return -1;
    return (int)kernel(SYS_madvise, (long)start, (long)bytes, advice, 0, 0, 0);
}

PUBLIC int mprotect(void* start, size_t bytes, int protection) {
    if (fails(protection == PROT_NONE ? CALL_MPROTECT : CALL_UNPROTECT, ENOMEM)) return -1;
    return (int)kernel(SYS_mprotect, (long)start, (long)bytes, protection, 0, 0, 0);
}

PUBLIC int mincore(void* start, size_t bytes, unsigned char* is_there) {
    if (fails(CALL_MINCORE, EAGAIN)) return -1;
    return (int)kernel(SYS_mincore, (long)start, (long)bytes, (long)is_there, 0, 0, 0);
}

PUBLIC int getrlimit(__rlimit_resource_t which, struct rlimit* limit) {
    if (fails(CALL_GETRLIMIT, EPERM)) return -1;
    return (int)kernel(SYS_prlimit64, 0, (long)which, 0, (long)limit, 0, 0);
}

// Locks wait by it. A wait may end at any time for no reason, and that is all that may fail: a wake-up cannot.
PUBLIC long syscall(long number, ...) {
    va_list rest;
    va_start(rest, number);
    long arguments[6];
    for (int i = 0; i < 6; i++) arguments[i] = va_arg(rest, long);
    va_end(rest);
    if (number == SYS_futex && arguments[1] == FUTEX_WAIT_PRIVATE && fails(CALL_FUTEX, EINTR)) return -1;
    return kernel(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

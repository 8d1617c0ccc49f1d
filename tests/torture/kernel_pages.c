// kernel_pages.c: lib/torture-kernel_pages.so plays a kernel whose pages have 16 or 64 KiB, for any program that is
// preloaded with it: TORTURE_PAGE_KIB=64. It rounds and refuses as that kernel would:
//   - mmap: a length is rounded up to whole pages; addresses that the kernel chooses are those of pages; a hint is
//   rounded
//     down; MAP_FIXED and offsets inside of a page are refused (EINVAL);
//   - munmap, mprotect, madvise, mremap, mlock: an address inside of a page is refused (EINVAL); lengths are rounded
//   up;
//   - sysconf(_SC_PAGESIZE), getpagesize and getauxval(AT_PAGESZ) tell the size.
// The rest of a last page, which a kernel of small pages would not map, is mapped, so that touching it is no crash and
// giving up a page gives up all of it. What is not played: the C library's own mappings (stacks of threads, files) are
// as ever; MADV_DONTNEED of a page is exact, but a page that is touched in part is resident in part.

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// The C library's own getauxval is hidden behind the one below; this name of it is not.
unsigned long __getauxval(unsigned long type);

#define PUBLIC __attribute__((visibility("default")))

static uintptr_t page;

// Before anybody asks: the first call may come from a constructor. getenv takes no memory.
static uintptr_t page_bytes(void) {
    if (page != 0) return page;
    const char* text = getenv("TORTURE_PAGE_KIB");
    unsigned long kib = text == NULL ? 0 : strtoul(text, NULL, 10);
    page = kib == 16 || kib == 64 ? kib * 1024 : 4096;
    return page;
}

static uintptr_t rounded_up(uintptr_t number) { return (number + page_bytes() - 1) & -page_bytes(); }

static bool is_inside_page(const void* address) { return ((uintptr_t)address & (page_bytes() - 1)) != 0; }

static long refused(void) {
    errno = EINVAL;
    return -1;
}

// A length that cannot be rounded up is more than any machine has.
static bool overflows(size_t bytes) { return rounded_up(bytes) < bytes; }

static void* kernel_map(void* hint, size_t bytes, int protection, int flags, int file, off_t offset) {
    return (void*)(uintptr_t)syscall(SYS_mmap, hint, bytes, protection, flags, file, offset);
}

// Where the kernel chooses: maps more, and trims both ends to the larger pages.
static void* map_anywhere(void* hint, size_t bytes, int protection, int flags, int file, off_t offset) {
    void* at_hint = kernel_map((void*)((uintptr_t)hint & -page_bytes()), bytes, protection, flags, file, offset);
    if (at_hint == MAP_FAILED || !is_inside_page(at_hint)) return at_hint;
    syscall(SYS_munmap, at_hint, bytes);
    char* wide = kernel_map(NULL, bytes + page_bytes(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (wide == MAP_FAILED) return MAP_FAILED;
    char* start = (char*)rounded_up((uintptr_t)wide);
    char* end = wide + bytes + page_bytes();
    void* mapped = kernel_map(start, bytes, protection, flags | MAP_FIXED, file, offset);
    if (mapped == MAP_FAILED) start = end;
    if (start > wide) syscall(SYS_munmap, wide, start - wide);
    if (mapped != MAP_FAILED && start + bytes < end) syscall(SYS_munmap, start + bytes, end - (start + bytes));
    return mapped;
}

PUBLIC void* mmap(void* hint, size_t bytes, int protection, int flags, int file, off_t offset) {
    bool fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
    if ((fixed && is_inside_page(hint)) || is_inside_page((void*)offset)) return (void*)refused();
    if (overflows(bytes)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    // Of a file there may be nothing behind its end, where the small kernel's pages end.
    size_t whole = (flags & MAP_ANONYMOUS) != 0 ? rounded_up(bytes) : bytes;
    if (fixed) return kernel_map(hint, whole, protection, flags, file, offset);
    return map_anywhere(hint, whole, protection, flags, file, offset);
}

PUBLIC void* mmap64(void* hint, size_t bytes, int protection, int flags, int file, off_t offset) {
    return mmap(hint, bytes, protection, flags, file, offset);
}

PUBLIC int munmap(void* start, size_t bytes) {
    if (is_inside_page(start) || overflows(bytes)) return (int)refused();
    return (int)syscall(SYS_munmap, start, rounded_up(bytes));
}

PUBLIC int mprotect(void* start, size_t bytes, int protection) {
    if (is_inside_page(start)) return (int)refused();
    return (int)syscall(SYS_mprotect, start, rounded_up(bytes), protection);
}

PUBLIC int madvise(void* start, size_t bytes, int advice) {
    if (is_inside_page(start)) return (int)refused();
    return (int)syscall(SYS_madvise, start, rounded_up(bytes), advice);
}

// mlock rounds a start down, on every kernel.
PUBLIC int mlock(const void* start, size_t bytes) {
    uintptr_t first = (uintptr_t)start & -page_bytes();
    return (int)syscall(SYS_mlock, first, rounded_up((uintptr_t)start + bytes) - first);
}

PUBLIC void* mremap(void* start, size_t old_bytes, size_t bytes, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    void* place = (flags & MREMAP_FIXED) != 0 ? va_arg(rest, void*) : NULL;
    va_end(rest);
    if (is_inside_page(start) || is_inside_page(place) || overflows(bytes)) return (void*)refused();
    old_bytes = rounded_up(old_bytes);
    bytes = rounded_up(bytes);
    // Where the kernel would choose a place, it is chosen here, at a page of ours.
    if (place == NULL && (flags & MREMAP_MAYMOVE) != 0 && bytes > old_bytes) {
        void* grown = (void*)(uintptr_t)syscall(SYS_mremap, start, old_bytes, bytes, 0, NULL);
        if (grown != MAP_FAILED) return grown;
        place = map_anywhere(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (place == MAP_FAILED) return MAP_FAILED;
        flags |= MREMAP_FIXED;
    }
    return (void*)(uintptr_t)syscall(SYS_mremap, start, old_bytes, bytes, flags, place);
}

PUBLIC int getpagesize(void) { return (int)page_bytes(); }

PUBLIC unsigned long getauxval(unsigned long type) {
    if (type == AT_PAGESZ) return page_bytes();
    return __getauxval(type);
}

PUBLIC long sysconf(int name) {
    if (name == _SC_PAGESIZE) return (long)page_bytes();
    static long (*next)(int name);
    if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "sysconf");
    return next(name);
}

// /proc/self/statm counts pages, and its readers multiply by what sysconf says.
static int statm_in_pages(int statm) {
    char text[200] = {0};
    ssize_t length = read(statm, text, sizeof text - 1);
    close(statm);
    int file = memfd_create("statm", MFD_CLOEXEC);
    if (length <= 0 || file < 0) return -1;
    // No stdio: that would take memory, which may be what the reader measures.
    char line[200];
    size_t used = 0;
    char* at = text;
    for (int i = 0; i < 7; i++) {
        unsigned long pages = strtoul(at, &at, 10) * 4096 / page_bytes();
        used += (size_t)snprintf(line + used, sizeof line - used, "%lu ", pages);
    }
    if (write(file, line, used) < 0) return -1;
    lseek(file, 0, SEEK_SET);
    return file;
}

PUBLIC int open(const char* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, int) : 0;
    va_end(rest);
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    bool is_statm = file >= 0 && page_bytes() > 4096 && strcmp(path, "/proc/self/statm") == 0;
    return is_statm ? statm_in_pages(file) : file;
}

// fail_mmap.c: no memory at all. Only linked with our own tests.

#include <errno.h>
#include <sys/mman.h>

void* mmap(void* place, size_t bytes, int access, int flags, int file, off_t offset) {
    (void)place, (void)bytes, (void)access, (void)flags, (void)file, (void)offset;
    errno = ENOMEM;
    return MAP_FAILED;
}

// count.c: a libpar that counts its calls, to show that a program runs on par at all.
//
// The release counts nothing, for that would cost time. So build/realworld/libpar-counted.so is made of the same
// objects, with libpar's malloc renamed to par_malloc and so on (realworld.mk), and this file in front of it. A program
// runs on it once, untimed.
//
// The counts are in a file that all processes of a run map: a process that is killed has counted, too. PAR_COUNT_FILE
// names the file, which realworld/Counts.pm makes and reads: slots of 32 bytes, the first of which only has the number
// of those that are taken. Each program that is started takes a slot; what it forks shares it. Calls that the dynamic
// linker makes before our constructor are not counted, nor is anything where the file cannot be mapped.

#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

enum { SLOTS = 1 << 15, NAME_BYTES = 16 };

struct slot {
    _Atomic uint64_t calls;
    char name[NAME_BYTES + 8];  // as the kernel knows it: at most 15 characters
};

static struct slot* own;

static const char* count_file(char** environment) {
    const char* name = "PAR_COUNT_FILE=";
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, strlen(name)) == 0) return *environment + strlen(name);
    }
    return NULL;
}

// This runs before the C library's constructors, so getenv finds nothing yet.
static __attribute__((constructor)) void take_slot(int count, char** arguments, char** environment) {
    (void)count;
    (void)arguments;
    const char* path = count_file(environment);
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    struct slot* slots = mmap(NULL, SLOTS * sizeof *slots, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (slots == MAP_FAILED) return;
    uint64_t place = atomic_fetch_add(&slots[0].calls, 1) + 1;
    if (place >= SLOTS) return;
    prctl(PR_GET_NAME, slots[place].name);
    own = &slots[place];
}

static void count_call(void) {
    if (own != NULL) atomic_fetch_add_explicit(&own->calls, 1, memory_order_relaxed);
}

void* par_malloc(size_t bytes);
void par_free(void* block);
void* par_calloc(size_t count, size_t bytes_each);
void* par_realloc(void* block, size_t bytes);
void* par_reallocarray(void* block, size_t count, size_t bytes_each);
void* par_memalign(size_t alignment, size_t bytes);
void* par_aligned_alloc(size_t alignment, size_t bytes);
int par_posix_memalign(void** block, size_t alignment, size_t bytes);
void* par_valloc(size_t bytes);
void* par_pvalloc(size_t bytes);

PUBLIC void* malloc(size_t bytes) {
    count_call();
    return par_malloc(bytes);
}

PUBLIC void free(void* block) {
    count_call();
    par_free(block);
}

PUBLIC void* calloc(size_t count, size_t bytes_each) {
    count_call();
    return par_calloc(count, bytes_each);
}

PUBLIC void* realloc(void* block, size_t bytes) {
    count_call();
    return par_realloc(block, bytes);
}

PUBLIC void* reallocarray(void* block, size_t count, size_t bytes_each) {
    count_call();
    return par_reallocarray(block, count, bytes_each);
}

PUBLIC void* memalign(size_t alignment, size_t bytes) {
    count_call();
    return par_memalign(alignment, bytes);
}

PUBLIC void* aligned_alloc(size_t alignment, size_t bytes) {
    count_call();
    return par_aligned_alloc(alignment, bytes);
}

PUBLIC int posix_memalign(void** block, size_t alignment, size_t bytes) {
    count_call();
    return par_posix_memalign(block, alignment, bytes);
}

PUBLIC void* valloc(size_t bytes) {
    count_call();
    return par_valloc(bytes);
}

PUBLIC void* pvalloc(size_t bytes) {
    count_call();
    return par_pvalloc(bytes);
}

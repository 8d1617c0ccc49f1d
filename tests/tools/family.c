// family.c: what malloc(3), posix_memalign(3) and malloc_usable_size(3) promise, asked of whichever malloc the process
// has.
//
// Run alone it tests the C library, with LD_PRELOAD=lib/libpar.so it tests par. Ends with status 0, or with 1 after a
// line for each broken promise. The first line says which library malloc comes from.

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int broken;

#define EXPECT(condition, ...)             \
    do {                                   \
        if (!(condition)) {                \
            broken++;                      \
            printf("line %d: ", __LINE__); \
            printf(__VA_ARGS__);           \
            putchar('\n');                 \
        }                                  \
    } while (0)

// Small, medium and large ones for par.
static const size_t sizes[] = {0,    1,     16,    24,     100,     129,           1000,   4096,
                               5000, 32768, 32769, 100000, 1 << 20, (1 << 20) + 1, 3 << 20};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

// Keeps the compiler from knowing what a size is, and from leaving calls out.
static size_t unknown(size_t number) {
    volatile size_t hidden = number;
    return hidden;
}

static bool is_filled(const unsigned char* bytes, size_t count, unsigned char with) {
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != with) return false;
    }
    return true;
}

static void check_block(const char* call, void* block, size_t bytes, size_t alignment) {
    EXPECT(block != NULL, "%s of %zu bytes returned NULL", call, bytes);
    if (block == NULL) return;
    EXPECT((uintptr_t)block % alignment == 0, "%s of %zu bytes returned %p, not aligned to %zu", call, bytes, block,
           alignment);
    size_t usable = malloc_usable_size(block);
    EXPECT(usable >= bytes, "%s of %zu bytes has a usable size of %zu", call, bytes, usable);
    memset(block, 0xa5, usable);
}

static void aligned_blocks(void) {
    // First: what is behind a block in fresh memory may be treated otherwise, and nothing is in front of this one.
    void* few_bytes = memalign(4 << 20, unknown(5));
    check_block("memalign", few_bytes, 5, 4 << 20);
    free(few_bytes);
    for (size_t alignment = sizeof(void*); alignment <= 4 << 20; alignment *= 2) {
        void* blocks[SIZES][3];
        for (size_t i = 0; i < SIZES; i++) {
            blocks[i][0] = memalign(alignment, unknown(sizes[i]));
            check_block("memalign", blocks[i][0], sizes[i], alignment);
            blocks[i][1] = aligned_alloc(alignment, unknown(sizes[i]));
            check_block("aligned_alloc", blocks[i][1], sizes[i], alignment);
            errno = EXDEV;
            int error = posix_memalign(&blocks[i][2], alignment, unknown(sizes[i]));
            EXPECT(error == 0 && errno == EXDEV, "posix_memalign(%zu, %zu) gave %d and errno %d", alignment, sizes[i],
                   error, errno);
            check_block("posix_memalign", blocks[i][2], sizes[i], alignment);
        }
        for (size_t i = 0; i < SIZES; i++) {
            for (size_t k = 0; k < 3; k++) {
                EXPECT(is_filled(blocks[i][k], sizes[i], 0xa5), "a block of %zu bytes aligned to %zu was changed",
                       sizes[i], alignment);
                unsigned char* grown = realloc(blocks[i][k], unknown(sizes[i] + 100));
                EXPECT(grown != NULL && is_filled(grown, sizes[i], 0xa5),
                       "realloc of an aligned block of %zu bytes lost content", sizes[i]);
                free(grown);
            }
        }
    }
    void* page = valloc(unknown(100));
    check_block("valloc", page, 100, 4096);
    void* whole_page = pvalloc(unknown(100));
    check_block("pvalloc", whole_page, 4096, 4096);
    free(page);
    free(whole_page);
}

static void wrong_alignments(void) {
    void* untouched = &broken;
    EXPECT(posix_memalign(&untouched, unknown(24), 100) == EINVAL, "posix_memalign takes an alignment of 24");
    EXPECT(posix_memalign(&untouched, unknown(4), 100) == EINVAL, "posix_memalign takes an alignment of 4");
    EXPECT(posix_memalign(&untouched, 64, unknown(SIZE_MAX)) == ENOMEM, "posix_memalign finds SIZE_MAX bytes");
    EXPECT(untouched == &broken, "a posix_memalign that fails leaves its result alone");
    errno = 0;
    EXPECT(memalign(unknown(SIZE_MAX / 2 + 2), 1) == NULL && errno == EINVAL,
           "memalign with an alignment above all powers of two gives errno %d", errno);
}

// What the C library's other names take, free takes back, and the other way round.
static void other_names(void) {
#ifdef __GLIBC__
    extern void* __libc_malloc(size_t bytes);
    extern void __libc_free(void* block);
    extern void* __libc_calloc(size_t count, size_t bytes_each);
    extern void* __libc_realloc(void* block, size_t bytes);
    extern void* __libc_memalign(size_t alignment, size_t bytes);
    check_block("__libc_malloc", __libc_malloc(unknown(100)), 100, 16);
    void* block = __libc_realloc(malloc(unknown(100)), unknown(5000));
    check_block("__libc_realloc", block, 5000, 16);
    free(block);
    block = __libc_memalign(64, unknown(100));
    check_block("__libc_memalign", block, 100, 64);
    free(realloc(block, unknown(200)));
    free(__libc_calloc(unknown(10), 10));
    __libc_free(malloc(unknown(100)));
#endif
}

static void zeros(void) {
    for (size_t i = 1; i < SIZES; i++) {
        for (int round = 0; round < 20; round++) {
            void* dirty = malloc(unknown(sizes[i]));
            check_block("malloc", dirty, sizes[i], 16);
            free(dirty);
            unsigned char* clean = calloc(unknown(sizes[i]), 1);
            EXPECT(clean != NULL && is_filled(clean, sizes[i], 0), "calloc of %zu bytes is not all zeros", sizes[i]);
            if (clean != NULL) memset(clean, 0xa5, sizes[i]);
            free(clean);
        }
    }
}

static void overflow(void) {
    errno = 0;
    void* none = calloc(unknown(SIZE_MAX / 4 + 2), 4);
    EXPECT(none == NULL && errno == ENOMEM,
           "calloc(SIZE_MAX / 4 + 2, 4), which wraps around to 4, must be NULL with ENOMEM");
    free(none);
    unsigned char* volatile block = malloc(unknown(100));  // volatile: gcc takes a failed realloc for a free
    memset(block, 0xa5, 100);
    errno = 0;
    EXPECT(reallocarray(block, unknown(SIZE_MAX / 4 + 2), 4) == NULL && errno == ENOMEM,
           "reallocarray must be NULL with ENOMEM");
    EXPECT(is_filled(block, 100, 0xa5), "a reallocarray that fails leaves the block alone");
    block = reallocarray(block, unknown(1000), 3);
    EXPECT(block != NULL && is_filled(block, 100, 0xa5), "reallocarray keeps the content");
    errno = EXDEV;
    free(block);
    free(NULL);
    EXPECT(errno == EXDEV, "free keeps errno");
    EXPECT(malloc_usable_size(NULL) == 0, "the usable size of NULL is 0");
}

// ---- fork, threads, and their ends ----

static volatile bool enough;

static void* allocate_all_the_time(void* unused) {
    for (unsigned i = 0; !enough; i++) free(realloc(malloc(unknown(i % 5000 + 1)), unknown(i % 90000 + 1)));
    return unused;
}

static void* allocate_once(void* unused) {
    free(malloc(unknown(100)));
    return unused;
}

// The child has one thread, whatever the others were doing.
static void child_life(void) {
    alarm(20);
    for (unsigned i = 0; i < 3000; i++) free(malloc(unknown(i * 37 % 100000 + 1)));
    pthread_t thread;
    if (pthread_create(&thread, NULL, allocate_once, NULL) != 0) _exit(2);
    pthread_join(thread, NULL);
    _exit(0);
}

static void forks(void) {
    enum { THREADS = 3, FORKS = 100 };
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, allocate_all_the_time, NULL);
    for (int i = 0; i < FORKS; i++) {
        pid_t pid = fork();
        if (pid == 0) child_life();
        int status = -1;
        waitpid(pid, &status, 0);
        EXPECT(status == 0, "child %d of a process with busy threads ended with wait status %d (14: it hung)", i,
               status);
        if (status != 0) break;
    }
    enough = true;
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

static pthread_key_t keys[3];

// Runs again as long as it sets its key, so before and after the allocator's own destructor.
static void allocate_in_destructor(void* rounds) {
    free(malloc(unknown(200)));
    uintptr_t left = (uintptr_t)rounds - 1;
    if (left > 0) pthread_setspecific(keys[0], (void*)left);
}

static void* set_destructor(void* unused) {
    pthread_setspecific(keys[0], (void*)3);
    return unused;
}

static size_t resident_pages(void) {
    size_t all = 0;
    size_t resident = 0;
    FILE* file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%zu %zu", &all, &resident) != 2) abort();
    fclose(file);
    return resident;
}

static void destructors(void) {
    enum { THREADS = 4000, PAGES_MOST = 2000 };
    pthread_key_create(&keys[0], allocate_in_destructor);
    size_t before = 0;
    for (int i = 0; i < THREADS; i++) {
        if (i == THREADS / 4) before = resident_pages();
        pthread_t thread;
        if (pthread_create(&thread, NULL, set_destructor, NULL) != 0) abort();
        pthread_join(thread, NULL);
    }
    size_t after = resident_pages();
    EXPECT(after < before + PAGES_MOST, "%d threads left %zu pages behind", THREADS * 3 / 4, after - before);
}

static void* early_block;

__attribute__((constructor(101))) static void allocate_early(void) { early_block = malloc(unknown(50)); }

static void allocate_late(void) { free(malloc(unknown(5000))); }

// Blocks of few pages with so large an alignment that they are not taken where others of their size are.
static void aligned_resizes(void) {
    enum { BLOCKS = 32, ALIGNMENT = 4 << 20 };
    unsigned char* blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        void* block = NULL;
        EXPECT(posix_memalign(&block, ALIGNMENT, 100 * 1024) == 0, "posix_memalign(4 MiB, 100 KiB) failed");
        blocks[i] = memset(block, (int)i + 1, 100 * 1024);
        blocks[i] = realloc(blocks[i], i % 2 == 0 ? 150000 : 70000);
        check_block("realloc of an aligned block", blocks[i], i % 2 == 0 ? 150000 : 70000, 16);
        memset(blocks[i], (int)i + 1, 70000);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        EXPECT(is_filled(blocks[i], 70000, (unsigned char)(i + 1)), "the resized aligned block %zu was changed", i);
        free(blocks[i]);
    }
}

// Pages that are locked cannot be given up to the system; nor may they then count as fresh.
static void zeros_in_locked_memory(void) {
    enum { BLOCKS = 24, BYTES = 1 << 20 };
    unsigned char* blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) blocks[i] = memset(malloc(unknown(BYTES)), 0xff, BYTES);
    bool is_locked = mlockall(MCL_CURRENT) == 0;  // not everybody may
    for (size_t i = 0; i < BLOCKS; i += 2) free(blocks[i]);
    for (size_t i = 0; i < BLOCKS; i += 2) {
        blocks[i] = calloc(1, unknown(BYTES));
        EXPECT(is_filled(blocks[i], BYTES, 0), "calloc gave memory that is not zero (locked: %d)", is_locked);
    }
    munlockall();
    for (size_t i = 0; i < BLOCKS; i++) free(blocks[i]);
}

// What a caller did not ask for is memory lost. That is par's promise, and not the C library's. Every size to 20,000,
// and from there on steps that meet no round number. Blocks of 16 to 64 KiB are whole pages, so what nobody asked for
// there is hardly ever touched.
static void waste(void) {
    for (size_t bytes = 129; bytes < 5 << 20; bytes += bytes < 20000 ? 1 : 997) {
        void* block = malloc(unknown(bytes));
        size_t usable = malloc_usable_size(block);
        size_t share = bytes > 16 * 1024 && bytes <= 64 * 1024 ? 5 : 8;
        EXPECT(usable - bytes <= usable / share, "a block of %zu bytes takes %zu: more than 1/%zu is wasted", bytes,
               usable, share);
        free(block);
    }
}

int main(void) {
    Dl_info library;
    void* (*where)(size_t) = malloc;
    void* address;
    memcpy(&address, &where, sizeof address);
    const char* name = dladdr(address, &library) != 0 ? library.dli_fname : "nobody knows";
    bool is_par = strstr(name, "libpar") != NULL;
    printf("malloc is in %s\n", name);
    EXPECT(early_block != NULL, "a constructor may allocate");
    free(early_block);
    atexit(allocate_late);
    aligned_blocks();
    wrong_alignments();
    other_names();
    zeros();
    overflow();
    if (is_par) waste();
    aligned_resizes();
    zeros_in_locked_memory();
    forks();
    destructors();
    return broken == 0 ? 0 : 1;
}

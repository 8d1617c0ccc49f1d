// hopeless.c: a request that cannot be met costs its caller an error, and nobody the warm heap: one that is too large
// for any system, and one for which a limit leaves no room, when it is made again.
//
// Takes and frees some memory, makes such a request, and takes the same memory again: that must cost no more page
// faults than it did before. Exit status: 1 with a line that names the request. With -DFAMILY it asks whichever malloc
// it runs with, otherwise the backend that it is linked with.

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef FAMILY
#define xmalloc malloc
#define xfree free
#define xrealloc realloc
#else
#include "xmalloc.h"
#endif

enum { MIB = 1024 * 1024, SMALL = 6000, SMALL_BYTES = 1000, LARGE_BYTES = 6 * MIB, SLACK_FAULTS = 40 };
enum { LIVE = 32, ROOM = 4 * MIB, TOO_MUCH = 40 * MIB };  // less than is mapped then, more than can be given back

static char* blocks[SMALL + 1];

static size_t faults(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_minflt;
}

// Result: the page faults of taking all the blocks and writing to them.
static size_t use_heap(void) {
    size_t before = faults();
    for (size_t i = 0; i <= SMALL; i++) {
        size_t bytes = i == SMALL ? LARGE_BYTES : SMALL_BYTES;
        blocks[i] = xmalloc(bytes);
        if (blocks[i] == NULL) exit(3);
        memset(blocks[i], 1, bytes);
    }
    size_t taken = faults() - before;
    for (size_t i = 0; i <= SMALL; i++) xfree(blocks[i]);
    return taken;
}

static void* take_grown(size_t bytes) {
    void* block = xmalloc(100);
    void* grown = xrealloc(block, bytes);
    xfree(grown == NULL ? block : grown);
    return grown;
}

#ifdef FAMILY
static void* take_zeroed(size_t bytes) { return calloc(1, bytes); }
static void* take_aligned(size_t bytes) { return aligned_alloc(1 << 20, bytes); }
#endif

static size_t mapped_bytes(void) {
    unsigned long pages = 0;
    FILE* file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lu", &pages) != 1) exit(3);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static bool stays_warm_at_a_limit(const char* name, void* (*take)(size_t bytes)) {
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);  // a huge page would be one fault
    use_heap();
    struct rlimit limit = {mapped_bytes() + ROOM, RLIM_INFINITY};
    if (setrlimit(RLIMIT_AS, &limit) != 0) exit(3);
    bool is_null = take(TOO_MUCH) == NULL;
    use_heap();
    size_t warm = use_heap();
    is_null = take(TOO_MUCH) == NULL && is_null;
    size_t after = use_heap();
    if (!is_null) {
        printf("%s(%d) was to give NULL at a limit, and did not\n", name, TOO_MUCH);
    } else if (after > warm + SLACK_FAULTS) {
        printf("after %s(%d), which failed before, the same blocks cost %zu page faults; before it they cost %zu\n",
               name, TOO_MUCH, after, warm);
    }
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_AS, &limit);
    return is_null && after <= warm + SLACK_FAULTS;
}

int main(void) {
    static const struct {
        const char* name;
        void* (*take)(size_t bytes);
    } calls[] = {
        {"xmalloc", xmalloc},
        {"xrealloc", take_grown},
#ifdef FAMILY
        {"calloc", take_zeroed},
        {"aligned_alloc", take_aligned},
#endif
    };
    use_heap();
    for (size_t call = 0; call < sizeof calls / sizeof calls[0]; call++) {
        for (int bits = 47; bits < 63; bits += 5) {
            size_t warm = use_heap();
            errno = 0;
            void* block = calls[call].take((size_t)1 << bits);
            if (block != NULL || errno != ENOMEM) {
                printf("%s(1 << %d) gave %p and errno %d, not NULL and ENOMEM\n", calls[call].name, bits, block, errno);
                return 1;
            }
            size_t after = use_heap();
            if (after > warm + SLACK_FAULTS) {
                printf("after %s(1 << %d) the same blocks cost %zu page faults; before it they cost %zu\n",
                       calls[call].name, bits, after, warm);
                return 1;
            }
        }
    }
    for (int i = 0; i < LIVE; i++) {
        char* live = xmalloc(MIB);
        if (live == NULL) return 3;
        memset(live, 1, MIB);
    }
    for (size_t call = 0; call < sizeof calls / sizeof calls[0]; call++) {
        if (!stays_warm_at_a_limit(calls[call].name, calls[call].take)) return 1;
    }
    return 0;
}

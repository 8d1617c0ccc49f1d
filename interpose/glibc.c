// glibc.c: what the C library's malloc answers about itself, answered by par, for programs that ask (mallinfo(3),
// malloc_trim(3), malloc_info(3), malloc_stats(3), mallopt(3)). Otherwise the C library would answer for its own heap,
// which is empty.

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "par/stats.h"

// musl has none of these calls, so nobody asks there.
#ifdef __GLIBC__

// Headers before glibc 2.33 do not have it; programs that were built with later ones ask all the same.
#if !__GLIBC_PREREQ(2, 33)
struct mallinfo2 {
    size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
#endif

#define PUBLIC __attribute__((visibility("default")))

static size_t used_bytes(const struct par_stats* stats) {
    return stats->small_bytes + stats->medium_bytes + stats->large_bytes;
}

// As the C library counts: arena is what is not in mappings of their own.
PUBLIC struct mallinfo2 mallinfo2(void) {
    struct par_stats stats = par_stats();
    size_t in_arena = stats.mapped_bytes > stats.large_bytes ? stats.mapped_bytes - stats.large_bytes : 0;
    size_t used = stats.small_bytes + stats.medium_bytes;
    return (struct mallinfo2){
        .arena = in_arena,
        .hblks = stats.large_blocks,
        .hblkhd = stats.large_bytes,
        .uordblks = used,
        .fordblks = in_arena > used ? in_arena - used : 0,
    };
}

static int clipped(size_t number) { return number > INT_MAX ? INT_MAX : (int)number; }

PUBLIC struct mallinfo mallinfo(void) {
    struct mallinfo2 info = mallinfo2();
    return (struct mallinfo){
        .arena = clipped(info.arena),
        .hblks = clipped(info.hblks),
        .hblkhd = clipped(info.hblkhd),
        .uordblks = clipped(info.uordblks),
        .fordblks = clipped(info.fordblks),
    };
}

// The padding is left out: par keeps nothing on top of a heap. Result: 1 if memory was given back, else 0.
PUBLIC int malloc_trim(size_t pad) {
    (void)pad;
    int kept_errno = errno;
    size_t bytes = par_trim();
    errno = kept_errno;
    return bytes > 0;
}

PUBLIC void malloc_stats(void) {
    struct par_stats stats = par_stats();
    char lines[256];
    int length =
        snprintf(lines, sizeof lines,
                 "par: %zu bytes mapped, %zu in use: %zu in small blocks, %zu in medium ones, %zu in %zu large "
                 "ones\n",
                 stats.mapped_bytes, used_bytes(&stats), stats.small_bytes, stats.medium_bytes, stats.large_bytes,
                 stats.large_blocks);
    if (write(STDERR_FILENO, lines, (size_t)length) < 0) return;
}

PUBLIC int malloc_info(int options, FILE* stream) {
    if (options != 0) {
        errno = EINVAL;
        return -1;
    }
    struct par_stats stats = par_stats();
    int printed =
        fprintf(stream,
                "<malloc version=\"1\">\n"
                "<total type=\"mmap\" count=\"%zu\" size=\"%zu\"/>\n"
                "<system type=\"current\" size=\"%zu\"/>\n"
                "<inuse type=\"small\" size=\"%zu\"/>\n"
                "<inuse type=\"medium\" size=\"%zu\"/>\n"
                "</malloc>\n",
                stats.large_blocks, stats.large_bytes, stats.mapped_bytes, stats.small_bytes, stats.medium_bytes);
    return printed < 0 ? -1 : 0;
}

// None of the C library's parameters means anything here, so none can be set. Result: 0, which says so.
PUBLIC int mallopt(int parameter, int value) {
    (void)parameter;
    (void)value;
    return 0;
}

#endif

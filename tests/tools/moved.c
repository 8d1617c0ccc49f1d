// moved.c: a large block grows on a kernel that refuses to move what the program has split into two mappings, and that
// has by then unmapped the place where it was to go (Linux before 6.17), which another thread is given at once. Neither
// the block nor what lies in that place may change.
//
// Linked with --wrap=mremap. Exit status: 1 with a line for what changed.

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "par/page_map.h"
#include "xmalloc.h"

enum { SLOTS = 6, SPLIT_SLOT = 3, STEP = 4096, OTHERS = 0x5a };

static char* split;   // within one slot
static char* others;  // what somebody else was given
static size_t others_bytes;

void* __real_mremap(void* start, size_t old_bytes, size_t bytes, int flags, ...);
void* __wrap_mremap(void* start, size_t old_bytes, size_t bytes, int flags, ...);

void* __wrap_mremap(void* start, size_t old_bytes, size_t bytes, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    void* place = (flags & MREMAP_FIXED) != 0 ? va_arg(rest, void*) : NULL;
    va_end(rest);
    bool is_split = split > (char*)start && split < (char*)start + old_bytes;
    if (!is_split) return __real_mremap(start, old_bytes, bytes, flags, place);
    if (place != NULL) {
        munmap(place, bytes);
        others = mmap(place, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        others_bytes = bytes;
        memset(others, OTHERS, bytes);
    }
    errno = EFAULT;
    return MAP_FAILED;
}

static int differ(const char* start, size_t bytes, bool is_block) {
    for (size_t at = 0; at < bytes; at += STEP) {
        if (start[at] != (is_block ? (char)(at / STEP) : OTHERS)) return 1;
    }
    return 0;
}

int main(void) {
    size_t bytes = SLOTS * SLOT_BYTES;
    char* block = xmalloc(bytes);
    char* wall = xmalloc(bytes);  // with the next lines: nothing is free behind the block
    if (block == NULL || wall == NULL) return 2;
    for (size_t at = 0; at < bytes; at += STEP) block[at] = (char)(at / STEP);
    (void)mmap(block + bytes, STEP, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    split = block + SPLIT_SLOT * SLOT_BYTES + SLOT_BYTES / 2;
    if (madvise(split, SLOT_BYTES / 4, MADV_DONTDUMP) != 0) return 2;
    char* moved = xrealloc(block, 4 * bytes);
    if (moved == NULL || moved == block) {
        puts("the block has not moved, so this shows nothing");
        return 2;
    }
    int failures = 0;
    if (differ(moved, bytes, true)) failures += puts("the block has changed") > 0;
    if (others != NULL && differ(others, others_bytes, false)) failures += puts("what another has was changed") > 0;
    moved[4 * bytes - 1] = 1;
    if (others == NULL) xfree(moved);
    xfree(wall);
    return failures > 0;
}

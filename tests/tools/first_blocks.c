// first_blocks.c: a process that takes its first blocks, as short ones do, costs few calls of the system.
//
//     first_blocks aligned    the kernel aligns the first mapping as it comes (Linux since 6.7)
//     first_blocks elsewhere  it does not
//
// Linked with --wrap=mmap,--wrap=munmap. Exit status: 1 with a line that says what it took.

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "xmalloc.h"

enum { BLOCKS = 10, SLOT = 2 * 1024 * 1024 };

void* __real_mmap(void* start, size_t bytes, int access, int flags, int file, off_t offset);
int __real_munmap(void* start, size_t bytes);

static int calls;
static size_t aside;  // bytes by which a mapping without a hint lies behind what is aligned

void* __wrap_mmap(void* start, size_t bytes, int access, int flags, int file, off_t offset) {
    calls++;
    if (start != NULL) return __real_mmap(start, bytes, access, flags, file, offset);
    char* room = __real_mmap(NULL, bytes + 2 * (size_t)SLOT, access, flags, file, offset);
    if (room == MAP_FAILED) return room;
    size_t before = -(size_t)room % SLOT + aside % SLOT;
    __real_munmap(room, before);
    __real_munmap(room + before + bytes, 2 * (size_t)SLOT - before);
    return room + before;
}

int __wrap_munmap(void* start, size_t bytes) {
    calls++;
    return __real_munmap(start, bytes);
}

static void take_and_free(void) {
    void* blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = xmalloc((size_t)16 << i);
        if (blocks[i] == NULL) exit(3);
        memset(blocks[i], 1, (size_t)16 << i);
    }
    for (size_t i = 0; i < BLOCKS; i++) xfree(blocks[i]);
}

int main(int count, char** arguments) {
    bool is_aligned = count == 2 && strcmp(arguments[1], "aligned") == 0;
    aside = is_aligned ? SLOT : SLOT / 2;
    int most = is_aligned ? 1 : 3;
    take_and_free();
    if (calls <= most) return 0;
    printf("the first blocks took %d calls of mmap and munmap, not %d at most\n", calls, most);
    return 1;
}

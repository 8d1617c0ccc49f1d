// packing.c: blocks of one size fill the memory they lie in, for with huge pages all of it takes memory.
//
// A process for each size takes 64 MiB in blocks of it and counts the 2 MiB pieces of the address space that they lie
// in. What a block is longer than was asked for does not count here; tests/tools/family.c asks about that. Exit status:
// 1 with a line that names the size and the loss.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "par/size_class.h"
#include "xmalloc.h"

enum { LIVE_BYTES = 64 * 1024 * 1024, LOSS_MOST_PERCENT = 5, PIECES_MOST = LIVE_BYTES / SLOT_BYTES * 4 };

// Result: how many pieces the blocks lie in.
static size_t pieces_of(size_t bytes, size_t count) {
    static uintptr_t pieces[PIECES_MOST];
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        void* block = xmalloc(bytes);
        if (block == NULL) exit(3);
        uintptr_t piece = (uintptr_t)block / SLOT_BYTES;
        size_t at = 0;
        while (at < known && pieces[at] != piece) at++;
        if (at == known && known < PIECES_MOST) pieces[known++] = piece;
    }
    return known;
}

static int check(unsigned size_class) {
    xfree(xmalloc(1));  // so that there are classes
    size_t bytes = size_classes[size_class].block_bytes;
    size_t count = LIVE_BYTES / bytes;
    size_t pieces = pieces_of(bytes, count) - 1;  // the last one may hold but a block
    size_t most = count * bytes / 100 * (100 + LOSS_MOST_PERCENT);
    if (pieces * SLOT_BYTES <= most) return 0;
    printf("%zu live blocks of %zu bytes fill %zu pieces of %d bytes: %.1f %% are lost, not %d\n", count, bytes, pieces,
           SLOT_BYTES, 100 * ((double)pieces * SLOT_BYTES / ((double)count * (double)bytes) - 1), LOSS_MOST_PERCENT);
    return 1;
}

int main(void) {
    int status = 0;
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        pid_t child = fork();
        if (child == 0) exit(check(size_class));
        int ended = 0;
        if (child < 0 || waitpid(child, &ended, 0) != child || ended != 0) status = 1;
    }
    return status;
}

// packing.c: blocks of one size fill the memory they lie in, for with huge pages all of it takes memory.
//
// A process for each size takes 64 MiB in blocks of it, or half of that by turns with blocks of another, and counts the
// 2 MiB pieces of the address space that they lie in: at most a sixteenth is lost behind the last block of a span, and
// so much beside. What a block is longer than was asked for does not count here; tests/tools/family.c asks about that.
// Exit status: 1 with a line that names the sizes and the loss.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "par/size_class.h"
#include "xmalloc.h"

enum { LIVE_BYTES = 64 * 1024 * 1024, LOSS_MOST_PERCENT = 5, PIECES_MOST = LIVE_BYTES / SLOT_BYTES * 4 };

static uintptr_t pieces[PIECES_MOST];
static size_t piece_count;

static void take(size_t bytes) {
    void* block = xmalloc(bytes);
    if (block == NULL) exit(3);
    uintptr_t piece = (uintptr_t)block / SLOT_BYTES;
    for (size_t at = 0; at < piece_count; at++) {
        if (pieces[at] == piece) return;
    }
    if (piece_count < PIECES_MOST) pieces[piece_count++] = piece;
}

static size_t take_span(unsigned size_class) {
    const struct size_class* size = &size_classes[size_class];
    for (uint32_t i = 0; i < size->span_blocks; i++) take(size->block_bytes);
    return (size_t)size->span_pages * PAGE_BYTES;
}

static int check(unsigned one, unsigned other) {
    size_t taken = 0;
    while (taken < LIVE_BYTES) taken += take_span(one) + take_span(other);
    size_t filled = (piece_count - 1) * SLOT_BYTES;  // the last one may hold but a block
    if (filled <= taken / 100 * (100 + LOSS_MOST_PERCENT)) return 0;
    printf("%zu bytes in spans of live blocks of %u and %u bytes fill %zu: %.1f %% are lost, not %d\n", taken,
           size_classes[one].block_bytes, size_classes[other].block_bytes, filled,
           100 * ((double)filled / (double)taken - 1), LOSS_MOST_PERCENT);
    return 1;
}

// Result: what a process of its own has found.
static int checked_apart(unsigned one, unsigned other) {
    pid_t child = fork();
    if (child == 0) exit(check(one, other));
    int ended = 0;
    return child < 0 || waitpid(child, &ended, 0) != child || ended != 0;
}

int main(void) {
    int status = 0;
    xfree(xmalloc(1));  // so that there are classes
    unsigned others[] = {size_class_of(200), size_class_of(4000), size_class_of(20000)};
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        const struct size_class* size = &size_classes[size_class];
        uint32_t lost = size->span_pages * PAGE_BYTES - size->span_blocks * size->block_bytes;
        if (lost > (uint32_t)size->span_pages * PAGE_BYTES / 16) {
            printf("a span of %u blocks of %u bytes loses %u\n", size->span_blocks, size->block_bytes, lost);
            status = 1;
        }
        status |= checked_apart(size_class, size_class);
        bool is_mixed = is_long_block(size_classes[size_class].block_bytes);
        for (size_t i = 0; is_mixed && i < sizeof others / sizeof others[0]; i++)
            status |= checked_apart(size_class, others[i]);
    }
    return status;
}

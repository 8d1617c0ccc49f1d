// marks.c: see marks.h.

#include "tests/suite/support/marks.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "tests/suite/support/calls.h"

void write_marks(const Marked* block) {
    memcpy(block->bytes, &block->mark, sizeof block->mark);
    memcpy(block->bytes + block->size - sizeof block->mark, &block->mark, sizeof block->mark);
}

Marked take_marked(size_t size, uint64_t mark) {
    Marked block = {.bytes = call_xmalloc(size), .size = size, .mark = mark};
    if (block.bytes == NULL) fail_test("%s returned NULL although there is memory", last_call());
    write_marks(&block);
    return block;
}

// What became of a live block in which one mark was found instead of another.
static const char* what_happened(uint64_t mark, uint64_t found) {
    uint64_t who = found >> MARK_SHIFT;
    if (who == mark >> MARK_SHIFT) return "was handed out a second time while it was live: its thread";
    if (who >= 1 && who <= MOST_MARKING) return "belongs to two threads at the same time: one of them";
    return "was changed (another block overlaps it, its pages were given back, or xrealloc did not copy them): its "
           "thread";
}

void check_mark(const Marked* block, size_t position) {
    uint64_t found = mark_of(block->bytes + position);
    if (found == block->mark) return;
    fail_test("the live block %p of %zu bytes %s marked it as %#" PRIx64 " and found %#" PRIx64
              " there before freeing it",
              (const void*)block->bytes, block->size, what_happened(block->mark, found), block->mark, found);
}

void free_marked(const Marked* block) {
    if (block->bytes == NULL) return;
    check_mark(block, 0);
    check_mark(block, block->size - sizeof block->mark);
    call_xfree(block->bytes, block->size);
}

uint64_t mark_of(const char* bytes) {
    uint64_t mark;
    memcpy(&mark, bytes, sizeof mark);
    return mark;
}

double cpu_now_s(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

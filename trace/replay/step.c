// step.c: one event of a trace, done with xmalloc.h and checked.

#include <string.h>

#include "programs/failure.h"
#include "trace/replay/replay.h"
#include "xmalloc.h"

enum { ALIGNMENT = 16 };

static unsigned char stamp_of(size_t number) { return (unsigned char)(number * 167 + 13); }

static void sign(struct replay_block* block, size_t number, bool is_full) {
    block->stamp = stamp_of(number);
    if (block->bytes == 0) return;
    if (is_full) {
        memset(block->start, block->stamp, block->bytes);
    } else {
        block->start[0] = block->stamp;
        block->start[block->bytes - 1] = block->stamp;
    }
}

// Ends the process when one of the bytes from `from` to `to` is not as it was signed.
static void check_range(const struct replay_block* block, size_t number, uint64_t from, uint64_t to) {
    for (uint64_t at = from; at < to; at++) {
        if (block->start[at] == block->stamp) continue;
        fail(EXIT_NO_ANSWER,
             "at event %zu a block of %llu bytes at %p is not as it was: byte %llu is 0x%02x, not 0x%02x", number + 1,
             (unsigned long long)block->bytes, (void*)block->start, (unsigned long long)at, block->start[at],
             block->stamp);
    }
}

// Whether the first so many bytes of a block are as they were signed.
static void check(const struct replay_block* block, size_t number, uint64_t bytes, bool is_full) {
    if (bytes == 0) return;
    check_range(block, number, 0, 1);
    if (bytes == block->bytes) check_range(block, number, bytes - 1, bytes);
    // All are equal to their neighbours: memcmp is faster than a loop, which then finds the place.
    if (is_full && memcmp(block->start, block->start + 1, bytes - 1) != 0) check_range(block, number, 0, bytes);
}

void replay_check(const struct replay_block* block, size_t number) {
    if (block->start != NULL) check(block, number, block->bytes, true);
}

static bool sees_calls(const struct replay_observer* observer) { return observer != NULL && observer->calling != NULL; }

static void* resize(struct replay_block* block, uint64_t bytes, struct replay_observer* observer) {
    if (sees_calls(observer)) observer->calling(observer);
    void* start = xrealloc(block->start, bytes);
    if (sees_calls(observer)) observer->called(observer, start);
    return start;
}

static void* take(uint64_t bytes, struct replay_observer* observer) {
    if (sees_calls(observer)) observer->calling(observer);
    void* start = xmalloc(bytes);
    if (sees_calls(observer)) observer->called(observer, start);
    return start;
}

static void give_back(struct replay_block* block, struct replay_observer* observer) {
    if (sees_calls(observer)) observer->calling(observer);
    xfree(block->start);
    if (sees_calls(observer)) observer->called(observer, block->start);
}

static unsigned char* given(void* start, size_t number, uint64_t bytes, const struct replay_observer* observer) {
    if (start == NULL) {
        fail(EXIT_NO_ANSWER, "out of memory: no block of %llu bytes was given at event %zu", (unsigned long long)bytes,
             number + 1);
    }
    if ((uintptr_t)start % ALIGNMENT != 0 && !sees_calls(observer)) {
        fail(EXIT_NO_ANSWER, "at event %zu the block of %llu bytes was given at %p, which is not aligned to %d",
             number + 1, (unsigned long long)bytes, start, ALIGNMENT);
    }
    return start;
}

struct replay_change replay_step(const struct trace_event* event, size_t number, struct replay_block* block,
                                 bool is_full, struct replay_observer* observer) {
    if (sees_calls(observer)) observer->before(observer, event, block);
    struct replay_change change = {.old_start = block->start, .old_bytes = block->bytes};
    if (event->kind == TRACE_FREE) {
        check(block, number, block->bytes, is_full);
        give_back(block, observer);
        change.start = block->start;
        change.bytes = block->bytes;
        block->start = NULL;
        block->bytes = 0;
        return change;
    }
    if (event->kind == TRACE_REALLOC) {
        check(block, number, block->bytes, is_full);
        void* start = resize(block, event->bytes, observer);
        // A resize to 0 frees, and the next one takes a block again.
        block->start = event->bytes == 0 ? NULL : given(start, number, event->bytes, observer);
        uint64_t kept = event->bytes < block->bytes ? event->bytes : block->bytes;
        check(block, number, kept, is_full);
    } else {
        size_t room = event->alignment_log2 > 4 ? ((size_t)1 << event->alignment_log2) - ALIGNMENT : 0;
        block->start = given(take(event->bytes + room, observer), number, event->bytes, observer);
    }
    block->bytes = event->bytes;
    sign(block, number, is_full);
    change.start = block->start;
    change.bytes = block->bytes;
    return change;
}

void replay_free_all(struct replay_block* blocks, size_t count) {
    for (size_t i = 0; i < count; i++) {
        xfree(blocks[i].start);
        blocks[i] = (struct replay_block){0};
    }
}

// blocks.c: fills blocks, and sees what became of them.

#include "tests/suite/support/blocks.h"

#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/traits.h"

// ---- Content --------------------------------------------------------------------------------------------------------

// Eight bytes at a time: the suite spends most of its time in fill and first_change.
static uint64_t pattern_word(uint64_t pattern, size_t word) { return pattern + word * UINT64_C(0x9e3779b97f4a7c15); }

static unsigned pattern_byte(uint64_t pattern, size_t position) {
    return (unsigned)(pattern_word(pattern, position / 8) >> (8 * (position % 8))) & 0xff;
}

static void fill(Block* block, size_t from) {
    size_t word = from / 8;
    note_touch(block->bytes, block->size);
    for (; (word + 1) * 8 <= block->size; word++) {
        uint64_t value = pattern_word(block->pattern, word);
        memcpy(block->bytes + word * 8, &value, 8);
    }
    for (size_t i = word * 8; i < block->size; i++) block->bytes[i] = (unsigned char)pattern_byte(block->pattern, i);
}

// The position of the first of `count` bytes that is not what it should be; count if all are right.
static size_t first_change(const Block* block, size_t count) {
    size_t position = 0;
    note_touch(block->bytes, block->size);
    for (; position + 8 <= count; position += 8) {
        uint64_t value;
        memcpy(&value, block->bytes + position, 8);
        if (value != pattern_word(block->pattern, position / 8)) break;
    }
    while (position < count && block->bytes[position] == pattern_byte(block->pattern, position)) position++;
    return position;
}

// How many bytes of 0 follow there.
static size_t zeros_from(const Block* block, size_t position) {
    size_t end = position;
    while (end < block->size && block->bytes[end] == 0) end++;
    return end - position;
}

void check_content(const Block* block) {
    enum { MOST_ZEROS_OF_A_HEADER = 64 };
    size_t position = first_change(block, block->size);
    if (position == block->size) return;
    size_t zeros = zeros_from(block, position);
    if (zeros > MOST_ZEROS_OF_A_HEADER) {
        fail_test(
            "the live block %p of %zu bytes was changed: byte %zu was 0x%02x and is 0, like the next %zu. Was a page "
            "of "
            "it given back to the system (munmap, madvise; last call of this thread: %s)",
            (void*)block->bytes, block->size, position, pattern_byte(block->pattern, position), zeros - 1, last_call());
    }
    fail_test(
        "the live block %p of %zu bytes was changed: byte %zu was 0x%02x and is 0x%02x. Either another block overlaps "
        "it, or the allocator wrote into it (last call of this thread: %s)",
        (void*)block->bytes, block->size, position, pattern_byte(block->pattern, position), block->bytes[position],
        last_call());
}

// ---- Overlap --------------------------------------------------------------------------------------------------------

// A search tree of the live blocks, in which blocks that share a byte count as equal: to look for a new block is to
// find the one that it overlaps.
static void* live;
static bool watching;

void watch_overlaps(void) { watching = true; }

static int compare_extents(const void* left_key, const void* right_key) {
    const Block* left = left_key;
    const Block* right = right_key;
    size_t left_size = left->size == 0 ? 1 : left->size;  // a block of 0 bytes has an address of its own, too
    size_t right_size = right->size == 0 ? 1 : right->size;
    if ((uintptr_t)left->bytes + left_size <= (uintptr_t)right->bytes) return -1;
    if ((uintptr_t)right->bytes + right_size <= (uintptr_t)left->bytes) return 1;
    return 0;
}

static void enter(const Block* block) {
    if (!watching) return;
    const Block* const* found = tsearch(block, &live, compare_extents);
    if (found == NULL) fail_test("the suite itself has run out of memory");
    if (*found == block) return;
    fail_test("%s returned %p, which overlaps the live block %p of %zu bytes taken earlier", last_call(),
              (void*)block->bytes, (void*)(*found)->bytes, (*found)->size);
}

static void leave(const Block* block) {
    if (watching) tdelete(block, &live, compare_extents);
}

// ---- The calls ------------------------------------------------------------------------------------------------------

// A block is aligned to hold anything; one that is smaller than the alignment holds nothing that needs so much.
static size_t alignment_for(size_t size) {
    size_t alignment = backend.alignment;
    while (backend.course && alignment > size && alignment > 1) alignment /= 2;
    return alignment;
}

// One fault, one failure: of a submission alignment is asked where it is the topic, and nowhere else.
static bool watching_alignment;

void watch_alignment(void) { watching_alignment = true; }

static void check_alignment(const Block* block) {
    if (backend.course && !watching_alignment) return;
    size_t alignment = alignment_for(block->size);
    size_t past = (uintptr_t)block->bytes % alignment;
    if (past != 0) {
        fail_test("%s returned %p, which is not aligned to %zu bytes: it is %zu past a multiple of %zu", last_call(),
                  (void*)block->bytes, alignment, past, alignment);
    }
}

static void check_result(const Block* block) {
    check_alignment(block);
    enter(block);
}

// A call that may fail has returned NULL, with this errno.
static void check_refusal(int error) {
    if (error == ENOMEM) return;
    fail_test("%s returned NULL with errno %d (%s) instead of %d (%s)", last_call(), error, strerror(error), ENOMEM,
              strerror(ENOMEM));
}

static uint64_t next_pattern(void) {
    static _Atomic uint64_t next = 1;
    uint64_t seed = next++;
    return next_random(&seed);
}

static bool attempt_take(Block* block, size_t size) {
    *block = (Block){.size = size, .pattern = next_pattern()};
    errno = 0;
    block->bytes = call_xmalloc(size);
    if (block->bytes == NULL) return false;
    check_result(block);
    fill(block, 0);
    return true;
}

void check_kept(const Block* block, size_t kept) {
    size_t position = first_change(block, kept);
    if (position == kept) return;
    fail_test("%s changed byte %zu from 0x%02x to 0x%02x", last_call(), position,
              pattern_byte(block->pattern, position), block->bytes[position]);
}

static bool attempt_resize(Block* block, size_t size) {
    check_content(block);
    leave(block);
    Block old = *block;
    errno = 0;
    unsigned char* bytes = call_xrealloc(old.bytes, old.size, size);
    if (bytes == NULL) {
        size_t position = first_change(block, block->size);
        if (position < block->size) {
            fail_test("%s failed but changed byte %zu of the old block from 0x%02x to 0x%02x", last_call(), position,
                      pattern_byte(block->pattern, position), block->bytes[position]);
        }
        enter(block);
        return false;
    }

    block->bytes = bytes;
    block->size = size;
    check_result(block);
    size_t kept = old.size < size ? old.size : size;
    check_kept(block, kept);
    fill(block, kept);
    return true;
}

bool try_take(Block* block, size_t size) {
    bool taken = attempt_take(block, size);
    if (!taken) check_refusal(errno);
    return taken;
}

bool try_resize(Block* block, size_t size) {
    bool resized = attempt_resize(block, size);
    if (!resized) check_refusal(errno);
    return resized;
}

void take(Block* block, size_t size) {
    if (!attempt_take(block, size)) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
}

void take_unwritten(Block* block, size_t size) {
    *block = (Block){.bytes = call_xmalloc(size), .size = size};
    if (block->bytes == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
    check_alignment(block);
}

void take_by_resizing(Block* block, size_t size) {
    *block = (Block){.bytes = call_xrealloc(NULL, 0, size), .size = size, .pattern = next_pattern()};
    if (block->bytes == NULL) fail_test("%s returned NULL although it is xmalloc(%zu)", last_call(), size);
    check_result(block);
    fill(block, 0);
}

void resize(Block* block, size_t size) {
    if (!attempt_resize(block, size)) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
}

enum { PLACES = 1024 };

// The first is at the beginning, the last at the end.
static size_t place_in(size_t bytes, size_t place) {
    return place == 0 ? 0 : (bytes - 8) / PLACES * place + (bytes - 8) % PLACES;
}

unsigned char* resize_sparse(unsigned char* bytes, size_t size, size_t new_size) {
    size_t kept = size < new_size ? size : new_size;
    uint64_t pattern = next_pattern();
    for (size_t place = 0; place <= PLACES; place++) {
        uint64_t word = pattern_word(pattern, place);
        memcpy(bytes + place_in(kept, place), &word, 8);
    }
    bytes = call_xrealloc(bytes, size, new_size);
    if (bytes == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
    for (size_t place = 0; place <= PLACES; place++) {
        uint64_t found;
        memcpy(&found, bytes + place_in(kept, place), 8);
        if (found == pattern_word(pattern, place)) continue;
        fail_test("%s lost content: the 8 bytes at position %zu were 0x%016" PRIx64 " and are 0x%016" PRIx64,
                  last_call(), place_in(kept, place), pattern_word(pattern, place), found);
    }
    bytes[new_size - 1] = 1;
    return bytes;
}

void give_back(Block* block) {
    if (block->bytes == NULL) return;
    check_content(block);
    leave(block);
    call_xfree(block->bytes, block->size);
    block->bytes = NULL;
}

void give_back_all(Block* blocks, size_t count) {
    for (size_t i = 0; i < count; i++) give_back(&blocks[i]);
}

size_t smallest_size(void) { return backend.course && !backend.zero ? 1 : 0; }

size_t mixed_size(uint64_t* random) {
    size_t smallest = smallest_size();
    size_t kind = random_between(random, 0, 999);
    if (kind < 750) return random_between(random, smallest, 300);
    if (kind < 950) return random_between(random, smallest, 4 * KIB);
    if (kind < 999) return random_between(random, smallest, 32 * KIB);
    return random_between(random, smallest, 1 * MIB);
}

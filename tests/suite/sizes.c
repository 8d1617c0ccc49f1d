// sizes.c: a block has as many bytes as were asked for, whatever their number.

#include <string.h>

#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/growth.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

enum { LARGEST = 70000, LIVE = 16, FIRST_WITH_STEPS = 5000 };

// Tools are too slow for all of the large ones, and a grader has little time. A step that is prime meets every
// remainder of every power of two.
static size_t step_from(size_t size) {
    if (under_a_tool() && size >= 1100) return 61;
    return backend.course && size >= FIRST_WITH_STEPS ? 13 : 1;
}

START_TEST(every_size_from_0_to_70000_can_be_taken_and_used_to_its_last_byte) {
    Block blocks[LIVE] = {{0}};
    size_t turn = 0;
    for (size_t size = smallest_size(); size <= LARGEST; size += step_from(size)) {
        Block* oldest = &blocks[turn++ % LIVE];
        give_back(oldest);
        take(oldest, size);
    }
    give_back_all(blocks, LIVE);
}
END_TEST

// ---- Beyond ---------------------------------------------------------------------------------------------------------

// Of large blocks only the ends are filled, a page each: what lacks a page or reaches into a neighbour shows there.
enum { END_BYTES = 4096, FEW_LIVE = 16 };

typedef struct Large {
    char* bytes;  // NULL: none is held
    size_t size;
    char mark;
} Large;

static void check_end(const Large* block, const char* end, const char* name) {
    for (size_t i = 0; i < END_BYTES; i++) {
        if (end[i] == block->mark) continue;
        fail_test(
            "the live block %p of %zu bytes was changed near its %s: byte %zu was 0x%02x and is 0x%02x. Another block "
            "overlaps it, its memory ends before its last byte, or its pages were given back",
            (void*)block->bytes, block->size, name, (size_t)(end + i - block->bytes), block->mark & 0xff,
            end[i] & 0xff);
    }
}

static void give_back_large(Large* block) {
    if (block->bytes == NULL) return;
    check_end(block, block->bytes, "start");
    check_end(block, block->bytes + block->size - END_BYTES, "end");
    call_xfree(block->bytes, block->size);
    block->bytes = NULL;
}

static Large live[FEW_LIVE];
static size_t live_at_once = FEW_LIVE;

static void take_large(size_t size) {
    static unsigned turn;
    Large* block = &live[turn++ % live_at_once];
    give_back_large(block);
    *block = (Large){.bytes = call_xmalloc(size), .size = size, .mark = (char)turn};
    if (block->bytes == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
    memset(block->bytes, block->mark, END_BYTES);
    memset(block->bytes + size - END_BYTES, block->mark, END_BYTES);
}

static void give_back_all_large(void) {
    for (size_t i = 0; i < FEW_LIVE; i++) give_back_large(&live[i]);
}

// A class may end at any size, also at a part of some piece that is no round number. Two of each, for neighbours.
START_TEST(every_size_from_5000_to_70000_can_be_used_to_both_ends) {
    live_at_once = FEW_LIVE;
    for (size_t size = FIRST_WITH_STEPS; size <= LARGEST; size++) {
        take_large(size);
        take_large(size);
    }
    give_back_all_large();
}
END_TEST

// A border may lie at a size, or at a size with a header.
static void take_around(size_t border) {
    static const int around[] = {-64, -32, -16, -8, -1, 0, 1, 8, 16};
    for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) take_large(border + (size_t)around[i]);
}

// Something may begin or end at eighths of every doubling, at round numbers of the decimal system, or where nobody
// would think of it.
START_TEST(larger_blocks_around_borders_and_of_random_sizes_can_be_used_to_both_ends) {
    const size_t largest = 4 * (size_t)MIB;
    live_at_once = 4;
    for (size_t doubling = 64 * KIB; doubling < largest; doubling *= 2) {
        for (size_t eighth = 8; eighth < 16; eighth++) take_around(doubling / 8 * eighth);
    }
    for (size_t ten = 10000; ten < largest; ten *= 10) {
        for (size_t half = 2; half < 20; half++) take_around(ten / 2 * half);
    }
    uint64_t random = random_start(0);
    size_t count = scaled_for_tool(1000);
    for (size_t i = 0; i < count; i++) take_large(random_between(&random, LARGEST, largest));
    give_back_all_large();
}
END_TEST

// What counts in megabytes may forget its header from some size on. A backend that writes to all of a block needs so
// long for these that it is asked for fewer.
START_TEST(blocks_around_borders_of_many_megabytes_can_be_used_to_both_ends) {
    enum { FIRST = 4 * MIB, DOUBLINGS = 5, ENOUGH_MS = 3000 };
    static const int around[] = {-8, 0, 16};
    size_t start_ms = cpu_ms();
    live_at_once = 2;
    for (size_t part = 0; part < DOUBLINGS * 8 && cpu_ms() - start_ms < ENOUGH_MS; part++) {
        size_t border = ((size_t)FIRST << part / 8) / 8 * (8 + part % 8);
        for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) take_large(border + (size_t)around[i]);
    }
    give_back_all_large();
}
END_TEST

START_TEST(blocks_of_many_megabytes_can_be_taken_and_used_to_their_last_byte) {
    size_t most = under_a_tool() ? 4 : backend.course ? 16 : 64;
    for (size_t mib = 1; mib <= most; mib *= 2) {
        Block blocks[3];
        take(&blocks[0], mib * MIB - 1);
        take(&blocks[1], mib * MIB);
        take(&blocks[2], mib * MIB + 1);
        give_back_all(blocks, 3);
    }
}
END_TEST

TCase* sizes_case(void) {
    TCase* topic = new_case("sizes");
    add_long_test(topic, every_size_from_0_to_70000_can_be_taken_and_used_to_its_last_byte);
    if (backend.course) add_test(topic, every_size_from_5000_to_70000_can_be_used_to_both_ends);
    add_test(topic, larger_blocks_around_borders_and_of_random_sizes_can_be_used_to_both_ends);
    if (!under_a_tool()) add_long_test(topic, blocks_around_borders_of_many_megabytes_can_be_used_to_both_ends);
    add_long_test(topic, blocks_of_many_megabytes_can_be_taken_and_used_to_their_last_byte);
    return topic;
}

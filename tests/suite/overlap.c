// overlap.c: live blocks share no byte, and nobody but their owner changes their content.

#include <stdlib.h>

#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

enum { MOST_LIVE = 100000, OPERATIONS = 500000, OF_ONE_SIZE = 12, SMALL = 2100 };

static Block blocks[MOST_LIVE];

// The next 12 sizes are taken before this one is given back: neighbours of the same size and of the next are live.
START_TEST(small_blocks_of_every_size_overlap_no_other) {
    enum { GROUPS = 12 };
    watch_overlaps();
    for (size_t size = smallest_size(); size <= SMALL; size++) {
        Block* group = &blocks[size % GROUPS * OF_ONE_SIZE];
        give_back_all(group, OF_ONE_SIZE);
        for (size_t i = 0; i < OF_ONE_SIZE; i++) take(&group[i], size);
    }
    give_back_all(blocks, (size_t)GROUPS * OF_ONE_SIZE);
}
END_TEST

// A chunk that is full of blocks of one size has some at every place in it: behind its head, at the start of a page, at
// its end. Every second one is given back and taken again in between.
static void fill_with(size_t size, size_t bytes) {
    size_t count = bytes / size;
    for (size_t i = 0; i < count; i++) take(&blocks[i], size);
    for (size_t i = 1; i < count; i += 2) give_back(&blocks[i]);
    for (size_t i = 1; i < count; i += 2) take(&blocks[i], size);
    for (size_t i = 0; i < count; i += 2) give_back(&blocks[i]);
    for (size_t i = 1; i < count; i += 2) give_back(&blocks[i]);
}

START_TEST(blocks_that_fill_whole_chunks_of_their_size_overlap_no_other) {
    enum { STEP = 8, LARGEST = 8 * KIB, EVERY_STEP_TO = 512 };
    size_t bytes = (under_a_tool() ? 16 : backend.slowness > 10 ? 128 : 256) * KIB;
    watch_overlaps();
    for (size_t size = STEP; size <= LARGEST; size += size < EVERY_STEP_TO ? STEP : size / 8) fill_with(size, bytes);
}
END_TEST

START_TEST(a_hundred_thousand_live_blocks_of_mixed_sizes_keep_apart_and_keep_their_content) {
    uint64_t random = random_start(0);
    size_t count = scaled(MOST_LIVE);
    watch_overlaps();
    for (size_t i = 0; i < count; i++) take(&blocks[i], mixed_size(&random));

    size_t operations = scaled(OPERATIONS);
    for (size_t i = 0; i < operations; i++) {
        Block* block = &blocks[random_between(&random, 0, count - 1)];
        size_t size = mixed_size(&random);
        if (size > 0 && random_between(&random, 0, 2) == 0) {
            resize(block, size);
        } else {
            give_back(block);
            take(block, size);
        }
    }
    give_back_all(blocks, count);
}
END_TEST

TCase* overlap_case(void) {
    TCase* topic = new_case("overlap");
    add_test(topic, small_blocks_of_every_size_overlap_no_other);
    add_test(topic, blocks_that_fill_whole_chunks_of_their_size_overlap_no_other);
    add_test(topic, a_hundred_thousand_live_blocks_of_mixed_sizes_keep_apart_and_keep_their_content);
    return topic;
}

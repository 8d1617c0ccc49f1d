// alignment.c: every block starts at a multiple of 16, or of what else was promised. take and resize look; these tests
// visit the sizes.

#include <stdint.h>

#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

enum { LIVE = 5, SMALL = 4200, PAGE = 4096 };

// Several of a size, since the first of them may be aligned by luck.
static void take_several(size_t size) {
    Block blocks[LIVE];
    for (size_t i = 0; i < LIVE; i++) take(&blocks[i], size);
    give_back_all(blocks, LIVE);
}

START_TEST(small_blocks_of_every_size_are_aligned) {
    watch_alignment();
    for (size_t size = smallest_size(); size <= SMALL; size++) take_several(size);
}
END_TEST

START_TEST(blocks_of_whole_pages_are_aligned) {
    watch_alignment();
    for (size_t pages = 1; pages <= 64; pages++) {
        take_several(pages * PAGE - 1);
        take_several(pages * PAGE);
        take_several(pages * PAGE + 1);
    }
}
END_TEST

START_TEST(resized_blocks_are_aligned) {
    watch_alignment();
    Block before;
    Block block;
    take(&before, 1);
    take(&block, 1);
    for (size_t size = 2; size <= SMALL; size++) {
        resize(&block, size);
        // Without a change of its place, growing by one byte would be tried at one address only.
        give_back(&before);
        take(&before, size);
    }
    for (size_t size = SMALL; size >= 1; size--) resize(&block, size);
    give_back(&block);
    give_back(&before);
}
END_TEST

// From a page to 64 MiB: chance chooses the sizes, some of them a few bytes from a round one. Hardly a byte is written.
START_TEST(large_blocks_are_aligned) {
    enum { DOUBLINGS = 15, OF_EACH = 4 };
    uint64_t random = random_start(0);
    watch_alignment();
    for (size_t least = PAGE; least < (size_t)PAGE << DOUBLINGS; least *= 2) {
        size_t live[OF_EACH] = {least + random_between(&random, 0, 40), least - random_between(&random, 0, 40),
                                random_between(&random, least, 2 * least), random_between(&random, least, 2 * least)};
        Block blocks[OF_EACH] = {{0}};
        for (size_t i = 0; i < OF_EACH; i++) take_unwritten(&blocks[i], live[i]);
        for (size_t i = 0; i < OF_EACH; i++) call_xfree(blocks[i].bytes, blocks[i].size);
    }
}
END_TEST

TCase* alignment_case(void) {
    TCase* topic = new_case("alignment");
    add_test(topic, small_blocks_of_every_size_are_aligned);
    add_long_test(topic, blocks_of_whole_pages_are_aligned);
    add_test(topic, resized_blocks_are_aligned);
    add_test(topic, large_blocks_are_aligned);
    return topic;
}

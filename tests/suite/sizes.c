// sizes.c: a block has as many bytes as were asked for, whatever their number.

#include "tests/suite/support/blocks.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

enum { LARGEST = 70000, LIVE = 16 };

// Tools are too slow for all of the large ones, and a grader has little time. A step that is prime meets every
// remainder of every power of two.
static size_t step_from(size_t size) {
    if (under_a_tool() && size >= 1100) return 61;
    return backend.course && size >= 5000 ? 13 : 1;
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
    tcase_add_test(topic, every_size_from_0_to_70000_can_be_taken_and_used_to_its_last_byte);
    tcase_add_test(topic, blocks_of_many_megabytes_can_be_taken_and_used_to_their_last_byte);
    return topic;
}

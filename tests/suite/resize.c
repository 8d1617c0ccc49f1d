// resize.c: xrealloc keeps the content up to the smaller of the two sizes, across every border that an allocator
// may have between its size classes, lists and mappings. resize looks; these tests visit the borders.

#include <stdlib.h>

#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

// ---- Borders --------------------------------------------------------------------------------------------------------

enum { MOST_BORDERS = 4000, EVERY_SIZE_TO = 600, PAGE = 4096 };

static size_t borders[MOST_BORDERS];
static size_t border_count;

static void add_border(size_t size) {
    static const int around[] = {-16, -1, 0, 1, 16};
    for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) borders[border_count++] = size + (size_t)around[i];
}

static int compare_sizes(const void* left, const void* right) {
    size_t a = *(const size_t*)left;
    size_t b = *(const size_t*)right;
    return (a > b) - (a < b);
}

// Every small size, eighths of every doubling, and whole pages, with the sizes just around them.
static void find_borders(void) {
    size_t largest = under_a_tool() ? 128 * KIB : backend.course ? 1 * MIB : 4 * MIB;
    for (size_t size = 1; size <= EVERY_SIZE_TO; size++) borders[border_count++] = size;
    for (size_t doubling = 512; doubling < largest; doubling *= 2) {
        for (size_t eighth = 0; eighth < 8; eighth++) add_border(doubling + doubling / 8 * eighth);
    }
    for (size_t page = 1; page <= 20; page++) add_border(page * PAGE);
    add_border(largest);

    qsort(borders, border_count, sizeof borders[0], compare_sizes);
    size_t distinct = 0;
    for (size_t i = 0; i < border_count; i++) {
        if (distinct == 0 || borders[i] != borders[distinct - 1]) borders[distinct++] = borders[i];
    }
    border_count = distinct;
}

// ---- Tests ----------------------------------------------------------------------------------------------------------

// Small blocks taken along the way sit behind the one that is resized, so that it cannot always grow in its place.
START_TEST(a_block_keeps_its_content_on_the_way_up_and_down_through_every_border) {
    enum { OBSTACLES = 64 };
    Block obstacles[OBSTACLES] = {{0}};
    Block block;
    find_borders();
    take(&block, 1);
    for (size_t i = 0; i < border_count; i++) {
        Block* obstacle = &obstacles[i % OBSTACLES];
        if (i % 3 == 0) {
            give_back(obstacle);
            take(obstacle, borders[i] < 2 * KIB ? borders[i] : 40);
        }
        resize(&block, borders[i]);
    }
    for (size_t i = border_count; i-- > 0;) resize(&block, borders[i]);
    give_back(&block);
    give_back_all(obstacles, OBSTACLES);
}
END_TEST

START_TEST(a_block_keeps_its_content_in_jumps_from_every_border) {
    find_borders();
    for (size_t i = 0; i < border_count; i++) {
        size_t size = borders[i];
        Block block;
        take(&block, size);
        resize(&block, size + 1);
        resize(&block, size * 2);
        resize(&block, size);
        resize(&block, size / 2 + 1);
        resize(&block, size);
        resize(&block, 1);
        resize(&block, size);
        give_back(&block);
    }
}
END_TEST

START_TEST(blocks_keep_their_content_when_resized_at_random_among_others) {
    enum { LIVE = 200 };
    Block blocks[LIVE];
    uint64_t random = random_start(0);
    for (size_t i = 0; i < LIVE; i++) take(&blocks[i], random_between(&random, 1, 300));
    size_t rounds = scaled(60000);
    for (size_t i = 0; i < rounds; i++) {
        size_t size = mixed_size(&random);
        resize(&blocks[random_between(&random, 0, LIVE - 1)], size == 0 ? 70000 : size);
    }
    give_back_all(blocks, LIVE);
}
END_TEST

// Two blocks in turn, so that one is often in the way of the other.
START_TEST(large_blocks_keep_their_content_when_resized_by_megabytes) {
    size_t largest = (under_a_tool() ? 3 : backend.course ? 8 : 20) * (size_t)MIB;
    Block blocks[2];
    take(&blocks[0], 1 * MIB);
    take(&blocks[1], 1 * MIB);
    for (size_t size = 2 * MIB; size <= largest; size += 1 * MIB) {
        resize(&blocks[0], size);
        resize(&blocks[1], size + 5000);
    }
    for (size_t size = largest; size > 3 * (size_t)MIB; size -= 3 * (size_t)MIB) {
        resize(&blocks[0], size);
        resize(&blocks[1], size - 5000);
    }
    resize(&blocks[0], 100);
    resize(&blocks[1], 100000);
    give_back_all(blocks, 2);
}
END_TEST

// Every doubling, since content may be lost from any size on: it is copied in pieces, or the size is kept in few bits.
START_TEST(a_block_keeps_its_content_when_its_size_is_doubled_and_halved) {
    enum { LEAST = 10000, DOUBLINGS = 13 };  // to 78 MiB
    size_t doublings = under_a_tool() ? 8 : DOUBLINGS;
    size_t size = LEAST;
    unsigned char* block = call_xmalloc(size);
    if (block == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
    for (size_t i = 0; i < doublings; i++, size *= 2) block = resize_sparse(block, size, size * 2);
    for (size_t i = 0; i < doublings; i++, size /= 2) block = resize_sparse(block, size, size / 2);
    call_xfree(block, size);
}
END_TEST

// A copy of the new size instead of the old one would run far over the end of the block, into memory that is nobody's.
// The block is not filled, since 256 MiB need not be in memory for this.
START_TEST(growing_a_small_block_reads_no_more_than_its_own_bytes) {
    static const size_t sizes[] = {1, 24, 500, 4000, 5000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        Block block;
        take(&block, sizes[i]);
        block.bytes = call_xrealloc(block.bytes, sizes[i], 256 * (size_t)MIB);
        if (block.bytes == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
        check_kept(&block, sizes[i]);
        block.bytes[256 * (size_t)MIB - 1] = 1;
        give_back(&block);
    }
}
END_TEST

// As realloc does; programs that let an array grow start so.
START_TEST(resizing_no_block_takes_one) {
    static const size_t sizes[] = {1, 16, 100, 1000, 4096, 70000, 2 * MIB};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        Block block;
        take_by_resizing(&block, sizes[i]);
        resize(&block, sizes[i] * 2);
        give_back(&block);
    }
}
END_TEST

TCase* resize_case(void) {
    TCase* topic = new_case("resize");
    if (backend.null) add_test(topic, resizing_no_block_takes_one);
    add_test(topic, a_block_keeps_its_content_on_the_way_up_and_down_through_every_border);
    add_long_test(topic, a_block_keeps_its_content_in_jumps_from_every_border);
    add_test(topic, blocks_keep_their_content_when_resized_at_random_among_others);
    add_test(topic, large_blocks_keep_their_content_when_resized_by_megabytes);
    add_test(topic, a_block_keeps_its_content_when_its_size_is_doubled_and_halved);
    add_test(topic, growing_a_small_block_reads_no_more_than_its_own_bytes);
    return topic;
}

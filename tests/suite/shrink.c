// shrink.c: a block that shrinks gives up what it no longer needs.
//
// Whether the rest goes back to the system or is kept for others does not matter: other blocks, a third as long as the
// first ones were, then take much of what was given up, and the process must not grow by that again.

#include <string.h>

#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

enum { BYTES = 12 * MIB, SLACK = 2 * MIB, MOST_BLOCKS = BYTES / 1000 };

// Blocks of the first size shrink to the second one, and others of the third come.
static const struct {
    size_t size;
    size_t smaller;
    size_t other;
} shrinkings[] = {{1000, 20, 230}, {30000, 100, 7500}, {200000, 100, 60000}, {3 * MIB, 5000, 900 * KIB}};
enum { SHRINKINGS = sizeof shrinkings / sizeof shrinkings[0] };

static void* blocks[MOST_BLOCKS];

static void* written(void* block, size_t size) {
    if (block == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
    memset(block, 1, size);
    return block;
}

START_TEST(what_a_block_no_longer_needs_serves_others) {
    size_t size = shrinkings[_i].size;
    size_t smaller = shrinkings[_i].smaller;
    size_t other = shrinkings[_i].other;
    size_t count = BYTES / size;
    memset(blocks, 0, sizeof blocks);
    size_t before = resident_bytes();
    for (size_t i = 0; i < count; i++) blocks[i] = written(call_xmalloc(size), size);
    size_t had = resident_since(before);
    for (size_t i = 0; i < count; i++) blocks[i] = written(call_xrealloc(blocks[i], size, smaller), smaller);
    for (size_t i = 0; i < BYTES / 5 * 3 / other; i++) written(call_xmalloc(other), other);

    size_t most = had / 10 * 12 + SLACK;
    size_t grown = resident_since(before);
    tell_growth(grown, most);
    if (grown > most) {
        fail_test(
            "%zu blocks of %zu bytes shrank to %zu bytes, and then %d MiB were taken in blocks of %zu bytes: the "
            "memory "
            "of the process grew from %zu to %zu KiB (at most %zu are accepted)",
            count, size, smaller, BYTES / 5 * 3 / MIB, other, had / KIB, grown / KIB, most / KIB);
    }
}
END_TEST

TCase* shrink_case(void) {
    TCase* topic = new_case("shrink");
    if (under_a_tool()) return topic;  // it is the tool's memory that would be measured
    add_long_loop_test(topic, what_a_block_no_longer_needs_serves_others, 0, SHRINKINGS);
    return topic;
}

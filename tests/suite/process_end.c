// process_end.c: live blocks last until the process has ended.
//
// A program may have destructors, too, and a block is live until it is freed: who gives the heap back to the system
// when the process ends takes it from those that run after that. Ours is the last, whatever functions of atexit there
// are.

#include <stdbool.h>

#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

enum { KEPT = 600, SMALL = 2100, MOST_KEPT_BYTES = 200 * KIB };

static Block blocks[KEPT];
static bool are_kept;

__attribute__((destructor(101))) static void use_the_kept_blocks(void) {
    if (!are_kept) return;
    for (size_t i = 0; i < KEPT; i++) {
        if (blocks[i].bytes != NULL && blocks[i].size > 1) resize(&blocks[i], blocks[i].size / 2);
        give_back(&blocks[i]);
        take(&blocks[i], 1 + i * i % SMALL);
    }
    give_back_all(blocks, KEPT);
}

START_TEST(live_blocks_can_be_used_until_the_process_has_ended) {
    for (size_t i = 0; i < KEPT; i++) take(&blocks[i], 1 + i * i * i % (i % 50 == 0 ? MOST_KEPT_BYTES : SMALL));
    for (size_t i = 1; i < KEPT; i += 2) give_back(&blocks[i]);
    are_kept = tests_have_processes() && !under_a_tool();  // tools count what is left before that
    if (!are_kept) give_back_all(blocks, KEPT);
}
END_TEST

TCase* process_end_case(void) {
    TCase* topic = new_case("process end");
    add_test(topic, live_blocks_can_be_used_until_the_process_has_ended);
    return topic;
}

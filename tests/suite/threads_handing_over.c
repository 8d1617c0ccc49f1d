// threads_handing_over.c: blocks go from thread to thread as fast as they can, and are freed where they arrive.
//
// Nothing but the exchange lies between two threads: no lock of ours spaces their calls, and no content but two marks
// is written. So a thread that frees another's block meets that thread in the middle of a call of its own: who then
// takes two locks in both orders waits for ever, and who only looks whether the first block of a list is still the same
// one gives out a block that is in use.

#include <stdatomic.h>

#include "tests/suite/support/calls.h"
#include "tests/suite/support/marks.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

enum { THREADS = 4, SLOTS = 16, BETWEEN_LOOKS = 64 };

// One size at a time, so that all meet at the same lists; of some only a few go into whatever an allocator cuts them
// from, and its pieces become full and empty all the time.
static const size_t sizes[] = {40, 100, 5000, 9000, 30000};

static _Atomic(char*) slots[SLOTS];
static size_t size;
static double ends_at_s;

static void free_handed(char* bytes) {
    Marked block = {.bytes = bytes, .size = size, .mark = bytes == NULL ? 0 : mark_of(bytes)};
    free_marked(&block);
}

static void hand_over(size_t index) {
    uint64_t random = random_start(index);
    uint64_t mark = (uint64_t)(index + 1) << MARK_SHIFT;
    for (size_t i = 0; i % BETWEEN_LOOKS != 0 || cpu_now_s() < ends_at_s; i++) {
        Marked block = take_marked(size, mark | i);
        free_handed(atomic_exchange(&slots[random_between(&random, 0, SLOTS - 1)], block.bytes));
    }
}

START_TEST(blocks_handed_over_in_a_hurry_are_freed_where_they_arrive) {
    size = sizes[_i];
    ends_at_s = cpu_now_s() + (!backend.course ? 0.3 : _i < 2 ? 2.5 : 0.8);
    run_threads(THREADS, hand_over);
    for (size_t i = 0; i < SLOTS; i++) free_handed(atomic_exchange(&slots[i], NULL));
}
END_TEST

void add_threads_handing_over(TCase* topic) {
    add_long_loop_test(topic, blocks_handed_over_in_a_hurry_are_freed_where_they_arrive, 0,
                       sizeof sizes / sizeof sizes[0]);
}

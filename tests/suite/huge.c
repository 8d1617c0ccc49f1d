// huge.c: sizes that no machine has are refused, whatever the arithmetic inside does with them. Where a submission is
// asked what it does without memory, it is asked for these as well.

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

// Near the ends of the two ranges, where a header or a rounding up overflows, and powers of two in the middle.
static const size_t huge[] = {
    SIZE_MAX,
    SIZE_MAX - 1,
    SIZE_MAX - 7,
    SIZE_MAX - 15,
    SIZE_MAX - 16,
    SIZE_MAX - 31,
    SIZE_MAX - 32,
    SIZE_MAX - 64,
    SIZE_MAX - 4094,
    SIZE_MAX - 4095,
    SIZE_MAX - 4096,
    SIZE_MAX - 65536,
    SIZE_MAX - 4 * (size_t)MIB,
    (size_t)PTRDIFF_MAX + 4096,
    (size_t)PTRDIFF_MAX + 2,
    (size_t)PTRDIFF_MAX + 1,
    PTRDIFF_MAX,
    PTRDIFF_MAX - 1,
    PTRDIFF_MAX - 15,
    PTRDIFF_MAX - 16,
    PTRDIFF_MAX - 32,
    PTRDIFF_MAX - 4095,
    PTRDIFF_MAX - 4096,
    PTRDIFF_MAX - 65536,
    PTRDIFF_MAX - 4 * (size_t)MIB,
    PTRDIFF_MAX / 2,
    (size_t)1 << 62,
    (size_t)1 << 56,
    (size_t)1 << 48,
    (size_t)1 << 47,
};

enum { HUGE_SIZES = sizeof huge / sizeof huge[0] };

// Tools end the program, or print a page of warnings, where their own malloc gets such a size. What is over PTRDIFF_MAX
// does not get there.
static bool is_asked(size_t size) { return !(under_a_tool() && backend.is_the_tools) || size > PTRDIFF_MAX; }

static void expect_refusal(const void* result) {
    int error = errno;
    if (result != NULL)
        fail_test("%s returned %p instead of NULL: no machine has that much memory", last_call(), result);
    if (error != ENOMEM) {
        fail_test("%s returned NULL with errno %d (%s) instead of %d (%s)", last_call(), error, strerror(error), ENOMEM,
                  strerror(ENOMEM));
    }
}

START_TEST(xmalloc_refuses_huge_sizes_with_enomem) {
    for (size_t i = 0; i < HUGE_SIZES; i++) {
        if (!is_asked(huge[i])) continue;
        errno = 0;
        expect_refusal(call_xmalloc(huge[i]));
        errno = 0;
        if (backend.null) expect_refusal(call_xrealloc(NULL, 0, huge[i]));
    }
}
END_TEST

// If the refused call had freed the block all the same, the next block taken would overlap it.
START_TEST(a_refused_xrealloc_leaves_the_block_as_it_was) {
    static const size_t sizes[] = {0, 1, 24, 500, 3000, 4096, 100000, 5 * MIB};
    watch_overlaps();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (sizes[i] < smallest_size()) continue;
        Block block;
        take(&block, sizes[i]);
        for (size_t k = 0; k < HUGE_SIZES; k++) {
            if (!is_asked(huge[k])) continue;
            errno = 0;
            expect_refusal(call_xrealloc(block.bytes, block.size, huge[k]));
            check_content(&block);
            Block other;
            take(&other, sizes[i]);
            give_back(&other);
        }
        resize(&block, sizes[i] + 100);
        give_back(&block);
    }
}
END_TEST

START_TEST(the_heap_is_usable_after_refusals) {
    Block blocks[1000];
    for (size_t i = 0; i < 1000; i++) {
        errno = 0;
        if (is_asked(huge[i % HUGE_SIZES])) expect_refusal(call_xmalloc(huge[i % HUGE_SIZES]));
        take(&blocks[i], smallest_size() + i * 7);
    }
    give_back_all(blocks, 1000);
}
END_TEST

TCase* huge_case(void) {
    TCase* topic = new_case("huge sizes");
    add_test(topic, xmalloc_refuses_huge_sizes_with_enomem);
    add_test(topic, a_refused_xrealloc_leaves_the_block_as_it_was);
    add_test(topic, the_heap_is_usable_after_refusals);
    return topic;
}

void add_huge_sizes(TCase* topic) {
    add_long_test(topic, xmalloc_refuses_huge_sizes_with_enomem);
    add_long_test(topic, a_refused_xrealloc_leaves_the_block_as_it_was);
    add_long_test(topic, the_heap_is_usable_after_refusals);
}

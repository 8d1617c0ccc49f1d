// zeroed.c: a block of zeros, also where memory was used before.

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "tests/suite/support/calls.h"
#include "tests/suite/support/suite.h"
#include "xmalloc.h"

// A backend without the call links all the same, and fails here in words.
__attribute__((weak)) void* xzeroed(size_t count, size_t bytes);

static void expect_call(void) {
    if (xzeroed == NULL) fail_test("there is no xzeroed: the variant of this term asks for it");
}

START_TEST(memory_that_was_used_is_zero) {
    static const size_t sizes[] = {1, 8, 24, 100, 1000, 4096, 70000, 3 << 20};
    expect_call();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int round = 0; round < 50; round++) {
            unsigned char* block = xzeroed(sizes[i], 1);
            if (block == NULL) fail_test("xzeroed(%zu, 1) returned NULL although there is memory", sizes[i]);
            for (size_t k = 0; k < sizes[i]; k++) {
                if (block[k] != 0) fail_test("xzeroed(%zu, 1): byte %zu is 0x%02x", sizes[i], k, block[k]);
            }
            memset(block, 0xa5, sizes[i]);
            call_xfree(block, sizes[i]);
        }
    }
}
END_TEST

START_TEST(a_product_that_overflows_is_no_block) {
    expect_call();
    errno = 0;
    void* block = xzeroed(SIZE_MAX / 8 + 2, 8);
    if (block != NULL) fail_test("xzeroed(SIZE_MAX / 8 + 2, 8) gave a block: the product overflows to 8");
    if (errno != ENOMEM) fail_test("xzeroed of a product that overflows left errno at %d, not ENOMEM", errno);
}
END_TEST

TCase* zeroed_case(void) {
    TCase* topic = new_case("zeroed");
    add_test(topic, memory_that_was_used_is_zero);
    add_test(topic, a_product_that_overflows_is_no_block);
    return topic;
}

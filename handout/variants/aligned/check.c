// aligned.c: blocks at multiples of any power of two, which overlap nothing and are used again.

#include <stdint.h>
#include <string.h>

#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "xmalloc.h"

// A backend without the calls links all the same, and fails here in words.
__attribute__((weak)) void* xaligned(size_t alignment, size_t bytes);
__attribute__((weak)) void xaligned_free(void* block);

enum { LIVE = 60, LARGEST_ALIGNMENT = MIB };

static unsigned char* take_aligned(size_t alignment, size_t bytes) {
    if (xaligned == NULL || xaligned_free == NULL)
        fail_test("there is no xaligned, or no xaligned_free: the variant of this term asks for both");
    unsigned char* block = xaligned(alignment, bytes);
    if (block == NULL) fail_test("xaligned(%zu, %zu) returned NULL although there is memory", alignment, bytes);
    if ((uintptr_t)block % alignment != 0) fail_test("xaligned(%zu, %zu) gave %p", alignment, bytes, (void*)block);
    return block;
}

START_TEST(blocks_lie_at_multiples_and_keep_their_content) {
    static const size_t sizes[] = {1, 40, 100, 1000, 5000, 70000};
    for (size_t alignment = 1; alignment <= LARGEST_ALIGNMENT; alignment *= 2) {
        unsigned char* blocks[LIVE];
        for (size_t i = 0; i < LIVE; i++) {
            size_t bytes = sizes[i % 6];
            blocks[i] = take_aligned(alignment, bytes);
            memset(blocks[i], (int)(i + 1), bytes);
        }
        for (size_t i = 0; i < LIVE; i++) {
            size_t bytes = sizes[i % 6];
            if (blocks[i][0] != i + 1 || blocks[i][bytes - 1] != i + 1)
                fail_test("a block of xaligned(%zu, %zu) was changed by another one", alignment, bytes);
            xaligned_free(blocks[i]);
        }
    }
    xaligned_free(NULL);
}
END_TEST

START_TEST(what_was_freed_is_used_again) {
    for (int i = 0; i < 100; i++) xaligned_free(take_aligned(256, 5000));
    size_t before = resident_bytes();
    for (int i = 0; i < 20000; i++) {
        unsigned char* block = take_aligned(256, 5000);
        memset(block, 1, 5000);
        xaligned_free(block);
    }
    size_t grown = resident_since(before);
    if (grown > 8 * MIB)
        fail_test("20,000 aligned blocks were taken and freed one by one, and the process grew by %zu KiB",
                  grown / KIB);
}
END_TEST

TCase* aligned_case(void) {
    TCase* topic = new_case("aligned");
    add_test(topic, blocks_lie_at_multiples_and_keep_their_content);
    add_test(topic, what_was_freed_is_used_again);
    return topic;
}

// null_and_zero.c: what the calls do with NULL and with a size of 0.

#include <errno.h>
#include <string.h>

#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

START_TEST(freeing_null_does_nothing) {
    Block block;
    call_xfree(NULL, 0);
    take(&block, 100);
    call_xfree(NULL, 0);
    give_back(&block);
    call_xfree(NULL, 0);
}
END_TEST

START_TEST(resizing_null_takes_a_block) {
    static const size_t sizes[] = {0, 1, 16, 100, 1000, 4096, 70000, 2 * MIB};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char* bytes = call_xrealloc(NULL, 0, sizes[i]);
        if (bytes == NULL) fail_test("%s returned NULL although it is xmalloc(%zu)", last_call(), sizes[i]);
        memset(bytes, 0xa5, sizes[i]);
        call_xfree(bytes, sizes[i]);
    }
}
END_TEST

// watch_overlaps makes take compare each block with all others; one of 0 bytes counts as 1.
START_TEST(blocks_of_0_bytes_are_distinct_and_can_be_freed) {
    enum { COUNT = 2000 };
    static Block blocks[COUNT];
    watch_overlaps();
    for (size_t i = 0; i < COUNT; i++) take(&blocks[i], i % 4 == 3 ? i % 50 : 0);
    give_back_all(blocks, COUNT);
}
END_TEST

START_TEST(a_block_of_0_bytes_can_be_resized) {
    Block block;
    take(&block, 0);
    resize(&block, 100);
    give_back(&block);
}
END_TEST

START_TEST(resizing_to_0_frees_and_gives_null) {
    static const size_t sizes[] = {0, 1, 16, 100, 1000, 4096, 70000, 2 * MIB};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        Block block;
        take(&block, sizes[i]);
        errno = EXDEV;
        void* result = call_xrealloc(block.bytes, block.size, 0);
        int error = errno;
        if (result != NULL) fail_test("%s returned %p instead of NULL", last_call(), result);
        if (error != EXDEV) {
            fail_test("%s changed errno from %d (%s) to %d (%s)", last_call(), EXDEV, strerror(EXDEV), error,
                      strerror(error));
        }
    }
}
END_TEST

TCase* null_and_zero_case(void) {
    TCase* topic = new_case("null and zero");
    add_test(topic, freeing_null_does_nothing);
    add_test(topic, resizing_null_takes_a_block);
    add_test(topic, blocks_of_0_bytes_are_distinct_and_can_be_freed);
    add_test(topic, a_block_of_0_bytes_can_be_resized);
    add_test(topic, resizing_to_0_frees_and_gives_null);
    return topic;
}

// arena.c: blocks of an arena share no byte, and all come back at once.

#include <string.h>

#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "xmalloc.h"

// A backend without the calls links all the same, and fails here in words.
__attribute__((weak)) struct xarena* xarena_new(void);
__attribute__((weak)) void* xarena_take(struct xarena* arena, size_t bytes);
__attribute__((weak)) void xarena_free(struct xarena* arena);

enum { BLOCKS = 300, ROUNDS = 60 };

static size_t bytes_of(size_t i) { return i % 7 == 0 ? 20000 : 1 + i * 13 % 900; }

static void fill_and_free(size_t thread) {
    struct xarena* arena = xarena_new();
    unsigned char* blocks[BLOCKS];
    if (arena == NULL) fail_test("xarena_new() returned NULL although there is memory");
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = xarena_take(arena, bytes_of(i));
        if (blocks[i] == NULL) fail_test("xarena_take(%zu) returned NULL although there is memory", bytes_of(i));
        memset(blocks[i], (int)((i + thread) % 251), bytes_of(i));
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        unsigned char wanted = (unsigned char)((i + thread) % 251);
        if (blocks[i][0] != wanted || blocks[i][bytes_of(i) - 1] != wanted)
            fail_test("a block of %zu bytes of an arena was changed by another block", bytes_of(i));
    }
    xarena_free(arena);
}

static void expect_calls(void) {
    if (xarena_new == NULL || xarena_take == NULL || xarena_free == NULL)
        fail_test("xarena_new, xarena_take or xarena_free is missing: the variant of this term asks for all three");
}

START_TEST(all_blocks_come_back_at_once) {
    expect_calls();
    xarena_free(NULL);
    fill_and_free(0);
    size_t before = resident_bytes();
    for (int round = 0; round < ROUNDS; round++) fill_and_free(0);
    size_t grown = resident_since(before);
    if (grown > 8 * MIB)
        fail_test("%d arenas were filled and freed, and the process grew by %zu KiB", ROUNDS, grown / KIB);
}
END_TEST

START_TEST(threads_have_arenas_of_their_own) {
    expect_calls();
    run_threads(4, fill_and_free);
}
END_TEST

TCase* arena_case(void) {
    TCase* topic = new_case("arena");
    add_test(topic, all_blocks_come_back_at_once);
    add_test(topic, threads_have_arenas_of_their_own);
    return topic;
}

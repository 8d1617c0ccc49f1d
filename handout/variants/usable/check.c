// usable.c: all bytes that xusable promises can be written, and nobody else writes to them.

#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "xmalloc.h"

// A backend without the call links all the same, and fails here in words.
__attribute__((weak)) size_t xusable(void* block);

// The tool's layer between the suite and a backend, where there is one. It gives blocks of its own, of which the
// backend knows nothing.
__attribute__((weak)) void* __wrap_xmalloc(size_t bytes);

enum { MORE_BYTES = 128, BLOCKS = 240, THREADS = 4 };

typedef struct Held {
    unsigned char* bytes;
    size_t asked;
    size_t usable;
    unsigned char fill;
} Held;

static Held held[BLOCKS];

static void expect_call(void) {
    if (xusable == NULL) fail_test("there is no xusable: the variant of this term asks for it");
}

// Asks for a block that has just been taken or resized.
static void ask(Held* block) {
    block->usable = xusable(block->bytes);
    if (block->usable < block->asked)
        fail_test("xusable(%p of %zu bytes) gave %zu, which is less than was asked for", (void*)block->bytes,
                  block->asked, block->usable);
}

static void take_and_ask(Held* block, size_t bytes) {
    *block = (Held){.bytes = call_xmalloc(bytes), .asked = bytes};
    if (block->bytes == NULL) fail_test("%s returned NULL although there is memory", last_call());
    ask(block);
    if (block->usable > 2 * bytes + MORE_BYTES)
        fail_test("xusable(%p of %zu bytes) gave %zu, which is more than twice that and %d bytes", (void*)block->bytes,
                  bytes, block->usable, MORE_BYTES);
}

// The system writes the last byte first: where it cannot, it says so, and does not end the process.
static void fill(Held* block) {
    if (syscall(SYS_getrandom, block->bytes + block->usable - 1, 1, 0) != 1)
        fail_test("xusable(%p of %zu bytes) gave %zu, but the last of these bytes cannot be written",
                  (void*)block->bytes, block->asked, block->usable);
    block->fill = (unsigned char)(1 + (size_t)(block - held) % 255);
    memset(block->bytes, block->fill, block->usable);
}

static void check(const Held* block, size_t bytes, const char* what) {
    for (size_t i = 0; i < bytes; i++) {
        if (block->bytes[i] != block->fill)
            fail_test("byte %zu was changed by %s: xusable(%p of %zu bytes) gave %zu", i, what, (void*)block->bytes,
                      block->asked, block->usable);
    }
}

static void check_whole(const Held* block) {
    size_t now = xusable(block->bytes);
    if (now != block->usable)
        fail_test("xusable(%p of %zu bytes) gave %zu, and later %zu, but nobody has resized the block",
                  (void*)block->bytes, block->asked, block->usable, now);
    check(block, block->usable, "another block or call");
}

START_TEST(null_has_no_usable_byte) {
    expect_call();
    if (xusable(NULL) != 0) fail_test("xusable(NULL) gave %zu, not 0", xusable(NULL));
}
END_TEST

// Small blocks, some of about a page, and large ones, of which there are fewer.
static const struct {
    size_t blocks, least, most;
} kinds[] = {{BLOCKS, 1, 300}, {BLOCKS, 300, 9000}, {24, 9000, 3 * MIB}};

// The first sizes are those from the least on, one after the other.
static size_t size_of(uint64_t* random, int kind, size_t i) {
    return i < 40 && kind < 2 ? kinds[kind].least + i : random_between(random, kinds[kind].least, kinds[kind].most);
}

// All blocks are taken before the first is filled: what reaches into a neighbour is then seen there, or in the number
// that the neighbour's header gives.
START_TEST(all_usable_bytes_can_be_written) {
    expect_call();
    uint64_t random = random_start(0);
    size_t count = kinds[_i].blocks;
    for (size_t i = 0; i < count; i++) take_and_ask(&held[i], size_of(&random, _i, i));
    for (size_t i = 0; i < count; i++) fill(&held[i]);
    for (size_t i = 0; i < count; i++) check_whole(&held[i]);
    for (size_t i = 0; i < count; i += 2) {
        call_xfree(held[i].bytes, held[i].asked);
        take_and_ask(&held[i], size_of(&random, _i, i + 1));
        fill(&held[i]);
    }
    for (size_t i = 0; i < count; i++) {
        check_whole(&held[i]);
        call_xfree(held[i].bytes, held[i].asked);
    }
}
END_TEST

START_TEST(resized_blocks_keep_what_was_usable) {
    expect_call();
    uint64_t random = random_start(1);
    size_t count = kinds[_i].blocks;
    for (size_t i = 0; i < count; i++) {
        take_and_ask(&held[i], size_of(&random, _i, i));
        fill(&held[i]);
    }
    for (size_t i = 0; i < 4 * count; i++) {
        Held* block = &held[random_between(&random, 0, count - 1)];
        // A little longer than what may be used, or any other size.
        size_t bytes = i % 3 == 0 ? block->usable + 1 : size_of(&random, _i, count);
        size_t kept = bytes < block->usable ? bytes : block->usable;
        unsigned char* resized = call_xrealloc(block->bytes, block->asked, bytes);
        if (resized == NULL) fail_test("%s returned NULL although there is memory", last_call());
        block->bytes = resized;
        check(block, kept, last_call());
        block->asked = bytes;
        ask(block);
        fill(block);
    }
    for (size_t i = 0; i < count; i++) {
        check_whole(&held[i]);
        call_xfree(held[i].bytes, held[i].asked);
    }
}
END_TEST

// ---- Blocks of other threads

static void take_some(size_t thread) {
    uint64_t random = random_start(thread);
    for (size_t i = thread; i < BLOCKS; i += THREADS) take_and_ask(&held[i], size_of(&random, (int)(i / 4 % 2), i));
}

static void check_and_fill_those_of_another(size_t thread) {
    for (size_t i = (thread + 1) % THREADS; i < BLOCKS; i += THREADS) {
        ask(&held[i]);
        fill(&held[i]);
    }
}

START_TEST(any_thread_may_ask) {
    expect_call();
    run_threads(THREADS, take_some);
    run_threads(THREADS, check_and_fill_those_of_another);
    for (size_t i = 0; i < BLOCKS; i++) {
        check_whole(&held[i]);
        call_xfree(held[i].bytes, held[i].asked);
    }
}
END_TEST

TCase* usable_case(void) {
    TCase* topic = new_case("usable");
    if (__wrap_xmalloc != NULL) {
        leave_out("usable", "the tool's own blocks lie in those of the allocator");
        return topic;
    }
    add_test(topic, null_has_no_usable_byte);
    add_loop_test(topic, all_usable_bytes_can_be_written, 0, sizeof kinds / sizeof kinds[0]);
    add_loop_test(topic, resized_blocks_keep_what_was_usable, 0, sizeof kinds / sizeof kinds[0]);
    add_test(topic, any_thread_may_ask);
    return topic;
}

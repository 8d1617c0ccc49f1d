// out_of_memory.c: when there is no more memory, a call says so, and nothing else is the worse for it.
//
// Each test runs in a process of its own (Check forks it), in which the address space is limited to little more than
// the process has already.

#include <unistd.h>

#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

enum { MOST_ROOM = 48 * MIB, MOST_BLOCKS = MOST_ROOM / 64 };

static Block blocks[MOST_BLOCKS];
static size_t room;  // bytes of address space that the backend can get

static const size_t sizes[] = {64, 100, 1000, 3000, 5000, 40000, 1 * MIB, 7 * MIB};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

// A slow backend would take minutes to free half a million small blocks, and a grader has no minutes.
static void limit_room_for(size_t size) {
    size_t less = backend.course && backend.slowness > 10 ? 16 : 4;
    room = backend.slowness > 1 && size < 4 * KIB ? MOST_ROOM / less : MOST_ROOM;
    limit_address_space(room);
}

// Takes blocks until there is no more memory. Result: their number. try_take looks at errno.
static size_t take_until_refused(size_t size) {
    size_t count = 0;
    while (count < MOST_BLOCKS && count * size <= room && try_take(&blocks[count], size)) count++;
    return count;
}

// A third of the room is little: the course accepts an allocator that needs 3 times what it hands out. One that maps
// the course's pages of 4 KiB one by one takes a whole page of the kernel for each.
static void expect_enough(size_t count, size_t size, const char* when) {
    size_t times = 3 * (size_t)sysconf(_SC_PAGESIZE) / (4 * KIB);
    if (count * size >= room / times) return;
    fail_test("%s: only %zu blocks of %zu bytes (%zu KiB) could be taken with room for %zu KiB", when, count, size,
              count * size / KIB, room / KIB);
}

static void check_all(size_t count) {
    for (size_t i = 0; i < count; i++) check_content(&blocks[i]);
}

// More than there was room for: the backend has reserved address space before the limit began, as it may, and would go
// on for as long as that lasts. So no end of memory can be seen here.
static bool has_a_reserve(size_t count, size_t size) {
    if (count < MOST_BLOCKS && count * size <= room) return false;
    check_all(count);
    give_back_all(blocks, count);
    lift_address_space_limit();
    return true;
}

START_TEST(when_memory_runs_out_xmalloc_gives_null_and_enomem_and_live_blocks_keep_their_content) {
    size_t size = sizes[_i];
    limit_room_for(size);
    size_t count = take_until_refused(size);
    if (has_a_reserve(count, size)) return;
    expect_enough(count, size, "at first");
    for (size_t i = 0; i < 100; i++) {
        Block none;
        if (try_take(&none, room)) fail_test("%s succeeded in an address space that is full", last_call());
    }
    check_all(count);
    give_back_all(blocks, count);
    lift_address_space_limit();
}
END_TEST

START_TEST(after_memory_ran_out_and_was_freed_the_heap_is_usable) {
    limit_room_for(sizes[_i]);
    for (size_t round = 0; round < 3; round++) {
        size_t count = take_until_refused(sizes[_i]);
        if (has_a_reserve(count, sizes[_i])) return;
        expect_enough(count, sizes[_i], round == 0 ? "at first" : "after all had been freed");
        give_back_all(blocks, count);
    }
    lift_address_space_limit();
}
END_TEST

START_TEST(when_memory_runs_out_xrealloc_gives_null_and_enomem_and_keeps_the_block) {
    Block small;
    Block large;
    limit_room_for(sizes[_i]);
    take(&small, 100);
    take(&large, 1 * MIB);
    size_t count = take_until_refused(sizes[_i]);
    if (has_a_reserve(count, sizes[_i])) return;

    // try_resize checks that a refused block is as it was; one of these sizes may still be found room for.
    for (size_t size = 2 * MIB; size <= room; size *= 2) {
        try_resize(&small, size);
        try_resize(&large, size);
        if (count > 0) try_resize(&blocks[count / 2], size);
    }
    if (try_resize(&small, room)) fail_test("%s succeeded in an address space that is full", last_call());

    check_all(count);
    give_back_all(blocks, count);
    resize(&small, 200);
    resize(&large, 500 * KIB);
    give_back(&small);
    give_back(&large);
    lift_address_space_limit();
}
END_TEST

TCase* out_of_memory_case(void) {
    TCase* topic = new_case("out of memory");
    if (under_a_tool()) return topic;  // a tool needs address space of its own
    add_long_loop_test(topic, when_memory_runs_out_xmalloc_gives_null_and_enomem_and_live_blocks_keep_their_content, 0,
                       SIZES);
    add_long_loop_test(topic, after_memory_ran_out_and_was_freed_the_heap_is_usable, 0, SIZES);
    add_long_loop_test(topic, when_memory_runs_out_xrealloc_gives_null_and_enomem_and_keeps_the_block, 0, SIZES);
    if (backend.course) add_huge_sizes(topic);  // of our own backends they are a topic
    return topic;
}

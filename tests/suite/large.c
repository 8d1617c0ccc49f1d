// large.c: nothing ends at a gigabyte: no block, and not all blocks together.
//
// Little of that memory is written to, so that a machine with less of it can run this, too. Only where small blocks
// make more than a gigabyte all of it becomes real: this needs a machine that has it.

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

static const uint64_t GIB = 1024 * (uint64_t)MIB;

// ---- One block ------------------------------------------------------------------------------------------------------

enum { MARKS = 8 };

// A size that somebody keeps in 32 bits is less than it should be by a multiple of 4 GiB.
static size_t block_size(size_t index) {
    const uint64_t sizes[] = {GIB + 8000, 2 * GIB + 5000, 4 * GIB + 100000};
    return sizes[index];
}
enum { BLOCK_SIZES = 3 };

static bool machine_has(size_t bytes) {
    void* probe = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return probe != MAP_FAILED && munmap(probe, bytes) == 0;
}

static size_t mark_place(size_t size, size_t mark) { return (size - 8) / (MARKS - 1) * mark; }

static void write_marks(char* bytes, size_t size) {
    for (uint64_t mark = 0; mark < MARKS; mark++) memcpy(bytes + mark_place(size, mark), &mark, 8);
    bytes[size - 1] = 'e';
}

static void check_marks(const char* bytes, size_t size) {
    for (uint64_t mark = 0; mark < MARKS; mark++) {
        uint64_t found;
        memcpy(&found, bytes + mark_place(size, mark), 8);
        if (found == mark) continue;
        fail_test("a block of %zu bytes: the 8 bytes at position %zu were set to %" PRIu64 " and are %" PRIu64, size,
                  mark_place(size, mark), mark, found);
    }
    if (bytes[size - 1] != 'e') fail_test("a block of %zu bytes: its last byte was changed", size);
}

START_TEST(a_block_may_be_larger_than_a_gigabyte) {
    size_t size = block_size(_i);
    size_t before = 0;
    for (size_t round = 0; round < 3; round++) {
        char* first = call_xmalloc(size);
        if (first == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
        write_marks(first, size);
        char* small = call_xmalloc(100);
        if (small == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
        memset(small, 0xee, 100);
        check_marks(first, size);
        call_xfree(first, size);
        call_xfree(small, 100);
        if (round == 0) before = mapped_bytes();
    }
    size_t grown = mapped_at_rest(before, size / 2 * 3);  // one block may lie idle
    if (grown > size / 2 * 3) {
        fail_test(
            "a block of %zu bytes was taken and freed three times, and in the second and third time the address space "
            "of the process grew by %zu MiB: what was freed is neither returned nor used again",
            size, grown / MIB);
    }
}
END_TEST

// Only what must be kept is written, and it is small: who copies all of a block when it grows copies little, and so
// does who copies when it shrinks. From one size of gigabytes to another nothing is resized, since a right backend that
// copies would make all of it real.
START_TEST(a_block_keeps_its_content_when_it_grows_beyond_a_gigabyte_and_shrinks_again) {
    enum { KEPT = 8 * MIB };
    size_t size = block_size(_i);
    unsigned char* block = call_xmalloc(KEPT);
    if (block == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
    block = resize_sparse(block, KEPT, size);
    block = resize_sparse(block, size, KEPT);
    call_xfree(block, KEPT);
}
END_TEST

// What is copied may be counted in an int, too. A right backend that copies makes two gigabytes real for this, so it is
// asked for only where there are many more.
START_TEST(a_block_of_two_gigabytes_keeps_its_content_when_it_grows) {
    size_t size = block_size(1);
    unsigned char* block = call_xmalloc(size);
    void* obstacle = call_xmalloc(MIB);
    if (block == NULL || obstacle == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
    block = resize_sparse(block, size, size + 40 * (size_t)MIB);
    call_xfree(block, size + 40 * (size_t)MIB);
    call_xfree(obstacle, MIB);
}
END_TEST

// ---- Many blocks ----------------------------------------------------------------------------------------------------

enum { ALL_BYTES = 1100 * MIB, NEEDED_MIB = 3 * 1024, NEEDED_TO_COPY_MIB = 8 * 1024 };
// Of the last one there are more than a table has room for that somebody thought large enough.
static const size_t sizes[] = {64 * MIB, 16 * MIB, 1 * MIB, 300 * KIB, 40 * KIB};
enum { SIZES = sizeof sizes / sizeof sizes[0], MOST_BLOCKS = ALL_BYTES / (40 * KIB) };

static char* blocks[MOST_BLOCKS];

// Memory that nobody uses, in MiB; 0 when unknown. Who knows of a limit below that says MEMORY_MIB=number.
static size_t available_mib(void) {
    const char* told = getenv("MEMORY_MIB");
    size_t limit = told != NULL ? strtoul(told, NULL, 10) : SIZE_MAX;
    FILE* file = fopen("/proc/meminfo", "re");
    char line[128];
    size_t kib = 0;
    while (file != NULL && kib == 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "MemAvailable:", 13) == 0) kib = strtoul(line + 13, NULL, 10);
    }
    if (file != NULL) fclose(file);
    return kib / KIB < limit ? kib / KIB : limit;
}

START_TEST(all_blocks_together_may_be_more_than_a_gigabyte) {
    size_t size = sizes[_i];
    size_t count = ALL_BYTES / size;
    for (size_t i = 0; i < count; i++) {
        blocks[i] = call_xmalloc(size);
        if (blocks[i] == NULL) {
            fail_test("%s returned NULL when %zu MiB were live, %s", last_call(), i * size / MIB, lack_of_memory());
        }
        memcpy(blocks[i], &i, sizeof i);
        memcpy(blocks[i] + size - sizeof i, &i, sizeof i);
    }
    for (size_t i = 0; i < count; i++) {
        size_t found[2];
        memcpy(&found[0], blocks[i], sizeof i);
        memcpy(&found[1], blocks[i] + size - sizeof i, sizeof i);
        if (found[0] != i || found[1] != i) {
            fail_test("of %zu live blocks of %zu bytes, block %zu overlaps another: its number is there as %zu and %zu",
                      count, size, i, found[0], found[1]);
        }
    }
    for (size_t i = 0; i < count; i++) call_xfree(blocks[i], size);
}
END_TEST

// What is noted by a part of an address, as by its lower 32 bits, is the same for blocks that lie 4 GiB apart. So the
// process fills nearly so much below its blocks, and all gaps, with pages that nobody may touch. What is mapped next is
// three times as much, and lies around the place that is 4 GiB below them.
enum { NEAR = 12 * MIB, FAR = 3 * NEAR, KINDS_APART = 5, MOST_APART = FAR / KINDS_APART / 100 * 2 };
static const size_t kinds_apart[KINDS_APART] = {100, 1000, 20000, 70000, 3 * MIB};
static Block near[MOST_APART];
static Block far[MOST_APART];

// The larger ones first, or last: what lies at two places 4 GiB apart shall not be alike. Result: how many blocks.
static size_t take_apart(Block* taken, size_t bytes, bool largest_first) {
    size_t count = 0;
    for (size_t i = 0; i < KINDS_APART; i++) {
        size_t size = kinds_apart[largest_first ? KINDS_APART - 1 - i : i];
        for (size_t of_kind = 0; of_kind < bytes / KINDS_APART; of_kind += size) take(&taken[count++], size);
    }
    return count;
}

enum { PIECE = 2 * MIB, MOST_PIECES = 2048 };  // 4 GiB in all
static void* pieces[MOST_PIECES];

// The kernel takes the highest gap that is large enough. Result: how many pieces.
static size_t fill_below(const Block* taken, size_t count) {
    uintptr_t lowest = UINTPTR_MAX;
    for (size_t i = 0; i < count; i++) {
        if ((uintptr_t)taken[i].bytes < lowest) lowest = (uintptr_t)taken[i].bytes;
    }
    uintptr_t target = lowest - (uintptr_t)(4 * GIB) + FAR / 2;
    size_t filled = 0;
    while (filled < MOST_PIECES && (filled == 0 || (uintptr_t)pieces[filled - 1] > target)) {
        void* piece = mmap(NULL, PIECE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (piece == MAP_FAILED) break;
        pieces[filled++] = piece;
    }
    return filled;
}

START_TEST(blocks_four_gigabytes_apart_do_not_disturb_each_other) {
    size_t near_count = take_apart(near, NEAR, false);
    size_t filled = fill_below(near, near_count);
    size_t far_count = take_apart(far, FAR, true);
    for (size_t i = 0; i < near_count; i++) resize(&near[i], near[i].size / 2 * 3);
    for (size_t i = 0; i < far_count; i++) resize(&far[i], far[i].size / 2 * 3);
    give_back_all(near, near_count);
    give_back_all(far, far_count);
    for (size_t i = 0; i < filled; i++) munmap(pieces[i], PIECE);
}
END_TEST

// Of CPU time, the kernel's included: the first touch of a gigabyte can take long where memory has to be fetched from a
// host, and others shall not make this test shorter.
static size_t seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (size_t)now.tv_sec;
}

// Of the longer ones little becomes real, so that they can be more than a table of 2 GiB has room for.
static const struct {
    size_t size;
    size_t mib;
} together[] = {{1000, ALL_BYTES / MIB}, {8000, 2300}};

START_TEST(small_blocks_together_may_be_more_than_a_gigabyte) {
    enum { MOST_SECONDS = 25 };
    size_t start = seconds_now();
    size_t size = together[_i].size;
    size_t count = together[_i].mib * MIB / size;
    for (size_t i = 0; i < count; i++) {
        if (i % KIB == 0 && seconds_now() - start > MOST_SECONDS) return;
        void* block = call_xmalloc(size);
        if (block == NULL) {
            fail_test("%s returned NULL when %zu MiB were live, %s", last_call(), i * size / MIB, lack_of_memory());
        }
        memcpy(block, &i, sizeof i);
    }
}
END_TEST

TCase* large_case(void) {
    TCase* topic = new_case("large");
    if (under_a_tool()) return topic;  // a tool needs address space of its own
    int most = 0;
    while (most < BLOCK_SIZES && machine_has(block_size((size_t)most))) most++;
    if (most == 0) {
        leave_out("large", "this machine gives no process more than a gigabyte in one piece");
        return topic;
    }
    add_long_loop_test(topic, a_block_may_be_larger_than_a_gigabyte, 0, most);
    add_long_loop_test(topic, a_block_keeps_its_content_when_it_grows_beyond_a_gigabyte_and_shrinks_again, 0, most);
    add_long_loop_test(topic, all_blocks_together_may_be_more_than_a_gigabyte, 0, SIZES);
    if (most == BLOCK_SIZES && available_mib() >= NEEDED_TO_COPY_MIB)
        add_long_test(topic, a_block_of_two_gigabytes_keeps_its_content_when_it_grows);
    if (most == BLOCK_SIZES) add_long_test(topic, blocks_four_gigabytes_apart_do_not_disturb_each_other);
    bool is_slow = backend.slowness > 10;  // each call may walk a list of all the others
    if (!is_slow && available_mib() >= NEEDED_MIB) {
        add_long_loop_test(topic, small_blocks_together_may_be_more_than_a_gigabyte, 0, 2);
    }
    return topic;
}

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
        if (first == NULL) fail_test("%s returned NULL although there is memory", last_call());
        write_marks(first, size);
        char* small = call_xmalloc(100);
        if (small == NULL) fail_test("%s returned NULL although there is memory", last_call());
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
    if (block == NULL) fail_test("%s returned NULL although there is memory", last_call());
    block = resize_sparse(block, KEPT, size);
    block = resize_sparse(block, size, KEPT);
    call_xfree(block, KEPT);
}
END_TEST

// ---- Many blocks ----------------------------------------------------------------------------------------------------

enum { ALL_BYTES = 1100 * MIB, NEEDED_MIB = 3 * 1024, SMALL = 1000 };
static const size_t sizes[] = {64 * MIB, 16 * MIB, 1 * MIB, 300 * KIB};
enum { SIZES = sizeof sizes / sizeof sizes[0], MOST_BLOCKS = ALL_BYTES / (300 * KIB) };

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
            fail_test("%s returned NULL when %zu MiB were live, although there is memory", last_call(), i * size / MIB);
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

// Of CPU time, the kernel's included: the first touch of a gigabyte can take long where memory has to be fetched from a
// host, and others shall not make this test shorter.
static size_t seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (size_t)now.tv_sec;
}

START_TEST(small_blocks_together_may_be_more_than_a_gigabyte) {
    enum { MOST_SECONDS = 25 };
    size_t start = seconds_now();
    size_t count = ALL_BYTES / SMALL;
    for (size_t i = 0; i < count; i++) {
        if (i % KIB == 0 && seconds_now() - start > MOST_SECONDS) return;
        void* block = call_xmalloc(SMALL);
        if (block == NULL) {
            fail_test("%s returned NULL when %zu MiB were live, although there is memory", last_call(),
                      i * SMALL / MIB);
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
    bool is_slow = backend.slowness > 10;  // each call may walk a list of all the others
    if (!is_slow && available_mib() >= NEEDED_MIB) {
        add_long_test(topic, small_blocks_together_may_be_more_than_a_gigabyte);
    }
    return topic;
}

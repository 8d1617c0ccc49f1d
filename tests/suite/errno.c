// errno.c: xfree keeps errno, even when the system calls that it makes do not.
//
// munmap and madvise are defined here, in front of those of the C library, so that every call a backend makes to them
// can be made to fail or to spoil errno. What the C library does inside itself is out of reach.

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/suite/support/blocks.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

// ---- System calls under our control ---------------------------------------------------------------------------------

// The sanitizers have to see these calls themselves, and are left alone.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

static bool calls_fail;
static bool calls_spoil_errno;

static int controlled(long number, void* start, size_t length, long argument) {
    if (calls_fail) {
        errno = ENOMEM;
        return -1;
    }
    int result = (int)syscall(number, start, length, argument);
    if (calls_spoil_errno) errno = EBUSY;  // a call that succeeds may leave anything in errno
    return result;
}

int munmap(void* start, size_t length) { return controlled(SYS_munmap, start, length, 0); }
int madvise(void* start, size_t length, int advice) { return controlled(SYS_madvise, start, length, advice); }

static void let_calls_fail(bool fail) { calls_fail = fail; }
static void let_calls_spoil_errno(bool spoil) { calls_spoil_errno = spoil; }

#else
static void let_calls_fail(bool fail) { (void)fail; }
static void let_calls_spoil_errno(bool spoil) { (void)spoil; }
#endif

// ---- Tests ----------------------------------------------------------------------------------------------------------

static const size_t sizes[] = {0, 1, 24, 500, 3000, 4096, 5000, 70000, 300000, 5 * MIB};
enum { SIZES = sizeof sizes / sizeof sizes[0], OF_EACH_SIZE = 50 };

static void free_and_compare(void* block, size_t size, int value) {
    errno = value;
    call_xfree(block, size);
    int error = errno;
    if (error != value) fail_test("%s changed errno from %d to %d (%s)", last_call(), value, error, strerror(error));
}

// All are live at first, so that freeing them empties pages and spans, which is when the system is called.
static void free_many(int value) {
    static void* blocks[SIZES][OF_EACH_SIZE];
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t k = 0; k < OF_EACH_SIZE; k++) blocks[i][k] = call_xmalloc(sizes[i]);
    }
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t k = 0; k < OF_EACH_SIZE; k++) free_and_compare(blocks[i][k], sizes[i], value);
    }
}

START_TEST(xfree_keeps_errno) {
    static const int values[] = {0, EINTR, ENOMEM, 12345};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        free_and_compare(NULL, 0, values[i]);
        free_many(values[i]);
    }
}
END_TEST

START_TEST(xfree_keeps_errno_when_a_system_call_that_succeeds_changes_it) {
    let_calls_spoil_errno(true);
    free_many(EXDEV);
    let_calls_spoil_errno(false);
}
END_TEST

START_TEST(xfree_keeps_errno_and_the_heap_when_memory_cannot_be_unmapped) {
    let_calls_fail(true);
    free_many(EXDEV);
    let_calls_fail(false);

    static Block blocks[2000];
    for (size_t i = 0; i < 2000; i++) take(&blocks[i], i * 5);
    give_back_all(blocks, 2000);
}
END_TEST

TCase* errno_case(void) {
    TCase* topic = new_case("errno");
    add_test(topic, xfree_keeps_errno);
    add_test(topic, xfree_keeps_errno_when_a_system_call_that_succeeds_changes_it);
    add_long_test(topic, xfree_keeps_errno_and_the_heap_when_memory_cannot_be_unmapped);
    return topic;
}

// threads_put_aside.c: one thread is put aside after an instruction of a call, each of them in turn, while another one
// makes calls. The second half of threads.c. What is seen, a block that two have, is wrong on every machine.

#include <stddef.h>
#include <stdint.h>

#include "tests/suite/support/aside.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

#if CAN_PUT_ASIDE

// Of this many bytes each, so many blocks lie free when the call begins, and so many are taken after it.
static const size_t sizes[] = {40, 700, 5000};
enum { FREE_BEFORE = 6, TAKEN_AFTER = 6 };

static size_t size;
static Other other;
static char* taken_meanwhile[2];  // the first one was freed again

// What the first thread does.
typedef enum Way { TAKES_ASIDE, FREES_ASIDE, WAYS } Way;
static const char* const calls_aside[] = {"xmalloc", "xfree"};

static char* taken_aside;
static char* freed_aside;

static void take_aside(void) { taken_aside = call_xmalloc(size); }
static void free_aside(void) { call_xfree(freed_aside, size); }

static char* take_one(void) {
    char* block = call_xmalloc(size);
    if (block == NULL) fail_test("%s returned NULL although there is memory", last_call());
    return block;
}

// Another block than the first is in front of the list now, and yet the first is in front again: what another thread
// read before is not true any more.
static void take_two_and_free_one(void) {
    for (int i = 0; i < 2; i++) taken_meanwhile[i] = take_one();
    call_xfree(taken_meanwhile[0], size);
}

static void begin_to_take(void) {
    take_two_and_free_one();
    call_xfree(taken_meanwhile[1], size);
}

static void fail_as_given_twice(const char* block, const char* who, Way way, size_t after) {
    fail_test(
        "the live block %p of %zu bytes was handed out a second time, to %s: one thread was put aside after %zu "
        "instructions of %s, and meanwhile another one took two blocks of %zu bytes and freed the first of them again. "
        "Is the lock held up to the last write of each call, and given back once? Without a lock: the first block of a "
        "list may be the same as before although the list is another one",
        (const void*)block, size, who, after, calls_aside[way], size);
}

// A round of the first thread.
static Aside be_put_aside(Way way, size_t after) {
    char* live[FREE_BEFORE + TAKEN_AFTER + 2];
    size_t count = 0;
    for (; count < FREE_BEFORE; count++) live[count] = take_one();
    while (count > 1) call_xfree(live[--count], size);
    freed_aside = live[0];
    Aside seen = put_aside(after, way == TAKES_ASIDE ? take_aside : free_aside, &other, take_two_and_free_one);
    if (way == FREES_ASIDE) {
        count = 0;
    } else {
        live[count++] = taken_aside;
    }
    for (size_t i = 0; i < TAKEN_AFTER; i++) live[count++] = call_xmalloc(size);
    live[count++] = taken_meanwhile[1];
    for (size_t i = 0; i < count; i++) {
        if (live[i] == NULL) fail_test("%s returned NULL although there is memory", last_call());
        for (size_t k = 0; k < i; k++) {
            size_t apart = live[i] > live[k] ? (size_t)(live[i] - live[k]) : (size_t)(live[k] - live[i]);
            if (apart < size) {
                fail_as_given_twice(live[i], i == count - 1 ? "both threads" : "the same thread", way, after);
            }
        }
    }
    while (count > 0) call_xfree(live[--count], size);
    return seen;
}

// Each instruction in turn; behind one where the other had to wait, twice as many are passed over as before.
static void go_through(Way way) {
    enum { ROUNDS_FOR_SURE = 3 };
    size_t last = 0;
    for (int i = 0; i < ROUNDS_FOR_SURE; i++) last = be_put_aside(way, MOST_STEPS).steps;
    for (size_t after = 1, over = 1; after <= last; after += over) {
        over = be_put_aside(way, after).was_waited_for ? 2 * over : 1;
    }
}

static void put_aside_or_call(size_t index) {
    if (index == 1) {
        serve_as_other(&other);
        return;
    }
    let_work(&other, begin_to_take);
    if (can_be_put_aside()) {
        for (int way = 0; way < WAYS; way++) go_through((Way)way);
    }
    let_end(&other);
}

START_TEST(a_thread_put_aside_in_a_call_does_not_get_a_block_in_use) {
    if (!tests_have_processes()) return;  // a debugger wants the steps for itself
    size = sizes[_i];
    make_other(&other);
    run_threads(2, put_aside_or_call);
}
END_TEST

void add_threads_put_aside(TCase* topic) {
    if (under_a_tool()) return;
    add_long_loop_test(topic, a_thread_put_aside_in_a_call_does_not_get_a_block_in_use, 0,
                       sizeof sizes / sizeof sizes[0]);
}

#else

void add_threads_put_aside(TCase* topic) { (void)topic; }

#endif

// reuse_put_aside.c: what others free while a thread is put aside in a call is found again. A part of reuse.c.
//
// Where blocks that others free lie in a box of their own, until somebody with the lock empties it, each access may be
// atomic and the box yet lose what comes between a look at it and the write that empties it; no tool sees that. So all
// places are tried, each once, and it is looked whether the process grows. If it does, each place is tried often enough
// to tell a loss from what an allocator may keep: what is lost is lost each time.

#include <stdbool.h>
#include <stddef.h>

#include "tests/suite/support/aside.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"
#include "xmalloc.h"

#if CAN_PUT_ASIDE

// So many blocks are taken in a round; half of them are freed while the thread is put aside, a part each time.
enum { LOT = 48, HALF = LOT / 2, FIRST_PART = 4, SIZE = 600, PLACES = 100, LEAD = 12 };

// A thread that takes all blocks, too, or one that frees one of another's.
typedef enum Way { TAKES_ASIDE, FREES_ASIDE, WAYS } Way;
static const char* const calls_aside[] = {"xmalloc", "xfree of another thread's block"};

static Other freer;  // frees meanwhile
static Other taker;  // takes, where the thread that is put aside frees

static char* lot[LOT];
static char* last_half[HALF];
static char* aside;  // the block of the call

static char* take_one(void) {
    char* block = call_xmalloc(SIZE);
    if (block == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
    block[0] = 1;
    return block;
}

static void take_lot(void) {
    for (size_t i = 0; i < LOT; i++) lot[i] = take_one();
}

static void free_some(char** some, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (some[i] != NULL) call_xfree(some[i], SIZE);
        some[i] = NULL;
    }
}

static void free_first_half(void) { free_some(lot, HALF); }

// The first time, a few, the second time the others: who only empties a box that is not empty has to find some.
static void free_part_of_last_half(void) {
    bool is_first = last_half[0] != NULL;
    free_some(last_half, is_first ? FIRST_PART : HALF);
}

// Without the words that others use to note a call: each instruction makes all rounds longer.
static void take_aside(void) { aside = xmalloc(SIZE); }
static void free_aside(void) { xfree(aside); }

// A little before, so that a call which had a lock then still has it.
static size_t before(size_t after) { return after > LEAD ? after - LEAD : 0; }

static void keep_second_half(void) {
    for (size_t i = 0; i < HALF; i++) {
        last_half[i] = lot[HALF + i];
        lot[HALF + i] = NULL;
    }
}

// The second half of a lot is freed in the next round, while the thread is in the call: in its place among the others.
static Aside take_in_a_round(size_t place, size_t after) {
    Aside seen = {0};
    for (size_t i = 0; i < LOT; i++) {
        if (i == place) {
            seen = put_aside_twice(before(after), after, take_aside, &freer, free_part_of_last_half);
            lot[i] = aside;
            if (aside == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
        } else {
            lot[i] = take_one();
        }
    }
    keep_second_half();
    let_work(&freer, free_first_half);
    return seen;
}

static Aside free_in_a_round(size_t after) {
    free_some(last_half, HALF);  // what the other way has left
    let_work(&taker, take_lot);
    aside = lot[0];
    lot[0] = NULL;
    keep_second_half();
    Aside seen = put_aside_twice(before(after), after, free_aside, &freer, free_part_of_last_half);
    let_work(&freer, free_first_half);
    return seen;
}

static Aside do_round(Way way, size_t place, size_t after) {
    return way == TAKES_ASIDE ? take_in_a_round(place, after) : free_in_a_round(after);
}

// The call that does more than others: it may be the only one of many that looks at what others have freed.
static size_t longest_call(void) {
    size_t longest = 0;
    size_t most = 0;
    for (size_t place = 0; place < LOT; place++) {
        size_t steps = take_in_a_round(place, PLACES).steps;
        if (steps > most) longest = place;
        if (steps > most) most = steps;
    }
    return longest;
}

// The thread is put aside after each of its first instructions in turn, or each few of them. Behind one where the other
// had to wait, twice as many are passed over as before. Result: how far the process has grown.
static size_t go_through(Way way, size_t each) {
    size_t place = way == TAKES_ASIDE && each == 1 ? longest_call() : 0;
    size_t start = exact_resident_bytes();
    size_t last = PLACES;
    for (size_t after = 1, over = each; after <= last; after += over) {
        Aside seen = do_round(way, place, after);
        if (seen.steps < after) last = seen.steps;
        over = seen.was_waited_for ? 2 * over : each;
    }
    size_t now = exact_resident_bytes();
    return now < start ? 0 : now - start;
}

// What an allocator may keep is kept after some rounds, and the pages of all code are in memory. The same rounds again
// and again need no more, but for what is lost in each of them.
static void expect_nothing_lost(Way way) {
    enum { FIRST_ROUNDS = 100, FEW = 8, TIMES = 6, MOST_GROWTH = (HALF - FIRST_PART) * SIZE / 2 };
    for (size_t i = 0; i < FIRST_ROUNDS; i++) do_round(way, 0, 1);
    go_through(way, FEW);
    size_t grown = 0;
    for (int i = 0; i < TIMES; i++) {
        size_t now = go_through(way, 1);
        if (now <= MOST_GROWTH) return;
        grown += now;
    }
    fail_test(
        "memory is lost: one thread was put aside after each of the first instructions of %s in turn, and meanwhile "
        "another one freed %d blocks of %d bytes that the other threads had taken; this was done %d times, and the "
        "process grew each time, by %zu KiB in "
        "all. Where blocks wait in a list until somebody empties it: whoever empties it must take all that is in it in "
        "one step, as atomic_exchange does, and whoever adds a block must notice in the same step what was added "
        "meanwhile",
        calls_aside[way], HALF, SIZE, TIMES, grown / KIB);
}

static void put_aside_or_work(size_t index) {
    if (index > 0) {
        serve_as_other(index == 1 ? &freer : &taker);
        return;
    }
    if (can_be_put_aside()) {
        for (int way = 0; way < WAYS; way++) expect_nothing_lost((Way)way);
    }
    let_end(&freer);
    let_end(&taker);
}

START_TEST(blocks_freed_while_a_thread_is_put_aside_in_a_call_are_reused) {
    if (!tests_have_processes()) return;  // a debugger wants the steps for itself
    make_other(&freer);
    make_other(&taker);
    run_threads(3, put_aside_or_work);
}
END_TEST

void add_reuse_put_aside(TCase* topic) {
    add_long_test(topic, blocks_freed_while_a_thread_is_put_aside_in_a_call_are_reused);
}

#else

void add_reuse_put_aside(TCase* topic) { (void)topic; }

#endif

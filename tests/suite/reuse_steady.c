// reuse_steady.c: the same calls again and again need no new memory, and if there are millions of them. A part of
// reuse.c.
//
// One block in 65,536 that is lost, as by a counter of 16 bits, is no growth that other tests would see among what an
// allocator may keep. So nothing is measured here but whether the process grows at all, after it has done the very same
// for long enough, and goes on growing in three equal parts, one after the other.

#include <stdbool.h>
#include <stddef.h>

#include "tests/suite/support/calls.h"
#include "tests/suite/support/marks.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/suite.h"
#include "tests/suite/support/traits.h"

// So many blocks are taken and then freed: more than a thread's own store usually holds of this size.
enum { BURST = 64, PAGE = 4096, PARTS = 3 };

// Many allocators map the larger ones alone, which is slow.
static const size_t sizes[] = {2000, 8000};

// Each part loses so much if one block in 65,536 is lost, and it is told from half of that. What is slower is not
// asked.
enum { LOST_IN_A_PART = 32000, MOST_MS = 600, SOON_MS = 40 };

static void take_and_free_a_burst(size_t size) {
    static char* blocks[BURST];
    for (size_t i = 0; i < BURST; i++) {
        blocks[i] = call_xmalloc(size);
        if (blocks[i] == NULL) fail_test("%s returned NULL %s", last_call(), lack_of_memory());
        for (size_t at = 0; at < size; at += PAGE) blocks[i][at] = 1;
    }
    for (size_t i = 0; i < BURST; i++) call_xfree(blocks[i], size);
}

// Two blocks stay, one at either end of the place where a burst comes to lie: whatever blocks are cut from is not
// mapped anew for each burst, which would be slow.
static void keep_both_ends(size_t size) {
    call_xmalloc(size);
    static char* blocks[BURST];
    for (size_t i = 0; i < BURST; i++) blocks[i] = call_xmalloc(size);
    call_xmalloc(size);
    for (size_t i = 0; i < BURST; i++) call_xfree(blocks[i], size);
}

// The first part is the one that the others repeat; a store that delays reuse is filled in it. False: it is too slow.
static bool do_first_part(size_t size, size_t enough) {
    double start_s = cpu_now_s();
    for (size_t done = 0; done < enough; done += BURST) {
        take_and_free_a_burst(size);
        double ms = (cpu_now_s() - start_s) * 1e3;
        if (ms > SOON_MS && (double)done / ms * MOST_MS < (double)enough) return false;
    }
    return true;
}

START_TEST(millions_of_the_same_calls_need_no_new_memory) {
    size_t size = sizes[_i];
    size_t done = (size_t)LOST_IN_A_PART / size * 65536;
    keep_both_ends(size);
    if (!do_first_part(size, done)) return;
    size_t grown = 0;
    for (int part = 0; part < PARTS; part++) {
        size_t before = exact_resident_bytes();
        for (size_t i = 0; i < done; i += BURST) take_and_free_a_burst(size);
        size_t now = exact_resident_bytes();
        if (now < before + LOST_IN_A_PART / 2) return;
        grown += now - before;
    }
    fail_test(
        "%d blocks of %zu bytes were taken and freed, and this was repeated: in each of %d times %zu blocks the "
        "process grew, by %zu KiB in all. The same calls need no more memory however often they are made: about one "
        "block in %zu is lost when it is freed",
        BURST, size, PARTS, done, grown / KIB, PARTS * done * size / grown);
}
END_TEST

void add_reuse_steady(TCase* topic) {
    add_long_loop_test(topic, millions_of_the_same_calls_need_no_new_memory, 0, sizeof sizes / sizeof sizes[0]);
}

// times.c: which times end by the clock (par/decay.h), step by step. The clock is told here, and how many times end is
// written down.
//
// Counts. Linked with --wrap=os_milliseconds,--wrap=region_decay,--wrap=extent_decay,--wrap=region_owe. Exit status: 1
// with a line for each number that is not right.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "par/decay.h"
#include "par/extent.h"
#include "par/os.h"
#include "par/region.h"

enum { STEP_MS = 50, STEPS = 10, MOST = 64, NOBODY_CAME = -1 };

static uint64_t now = 1000;
static int of_region, of_extent;
static bool are_too_many;  // slots, when a time has ended
static enum region_owes owed;
static int failures;

uint64_t __wrap_os_milliseconds(void);
void __wrap_region_decay(unsigned times);
bool __wrap_extent_decay(unsigned times);
void __wrap_region_owe(enum region_owes owes);

uint64_t __wrap_os_milliseconds(void) { return now; }

void __wrap_region_decay(unsigned times) { of_region = (int)times; }

bool __wrap_extent_decay(unsigned times) {
    of_extent = (int)times;
    return are_too_many;
}

void __wrap_region_owe(enum region_owes owes) { owed = owes; }

// After so many milliseconds somebody comes, and so many times end.
static void expect(uint64_t later, int times, const char* what) {
    now += later;
    of_region = of_extent = NOBODY_CAME;
    decay();
    if (of_region == times && of_extent == times) return;
    printf("%s: %d and %d, and not %d\n", what, of_region, of_extent, times);
    failures++;
}

int main(void) {
    expect(0, 0, "the first step");
    expect(0, NOBODY_CAME, "the same moment");
    expect(STEP_MS - 1, NOBODY_CAME, "not yet a step");
    expect(1, 0, "a step");
    for (int step = 2; step < STEPS - 1; step++) expect(STEP_MS, 0, "a step");
    expect(STEP_MS, 1, "the tenth step ends a time");
    expect(STEP_MS, 0, "the eleventh ends none");
    expect(2 * STEP_MS - 1, 0, "one that comes late, but before the next one is due");
    for (int step = 2; step < STEPS - 1; step++) expect(STEP_MS, 0, "a step of the second time");
    expect(STEP_MS, 1, "its last one");
    expect(STEP_MS * STEPS, 1, "a pause of a time");
    expect(STEP_MS * STEPS * 5, 5, "of five");
    expect(STEP_MS * (STEPS - 1), 0, "of nearly one");
    expect(STEP_MS, 1, "and the step that is missing");
    expect(STEP_MS * STEPS * (MOST - 1), MOST - 1, "a long pause");
    expect(STEP_MS * STEPS * MOST, MOST, "the longest that counts");
    expect(STEP_MS * STEPS * (MOST + 1), MOST, "a longer one");
    expect((uint64_t)STEP_MS * STEPS * 1000000, MOST, "a very long one");
    failures += owed != OWES_NOTHING && puts("slots are owed where not too many lie idle") > 0;
    are_too_many = true;
    expect(STEP_MS * STEPS, 1, "one more time");
    failures += owed != OWES_SLOTS && puts("the slots that are too many are not owed") > 0;
    return failures > 0;
}

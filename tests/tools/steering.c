// steering.c: the numbers that steer how much lies idle (par/idle.h) and which runs lie apart (par/bands.h), step by
// step. How much of a run has memory, and whether addresses are limited, is said here.
//
// Counts, no clocks. Linked with --wrap=os_resident and --wrap=extent_addresses_were_limited. Exit status: 1 with a
// line for each number that is not right.

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "par/bands.h"
#include "par/idle.h"
#include "par/os.h"
#include "par/page_map.h"
#include "par/region.h"

static int failures;

static void expect(size_t number, size_t wanted, const char* what) {
    if (number == wanted) return;
    printf("%s: %zu, and not %zu\n", what, number, wanted);
    failures++;
}

// ---- How much lies idle ----

static const struct idle_rule rule = {.least = 10, .share = 8, .lately = 20, .growth = 5, .scatter = 4};

static void take(struct use* use, size_t count, size_t fresh) {
    use->now += count;
    use_taken(use, fresh);
}

static void give(struct use* use, size_t count) {
    use->now -= count;
    use_given(use, &rule, count);
}

static void counts(void) {
    struct use use = {0};
    take(&use, 100, 100);
    expect(use.missed, 0, "nothing is missed while more is in use than ever");
    expect(use.peak, 100, "the peak");
    expect(use.highest, 100, "the most of late");
    expect(use.highest_now, 100, "the most in this time");
    give(&use, 40);
    expect(use.given, 40, "given in this time");
    take(&use, 40, 30);
    expect(use.missed, 30, "fresh memory for what was in use of late");
    take(&use, 1, 1);
    expect(use.missed, 30, "one more than of late");
    expect(use.peak, 101, "the new peak");
}

static void times(void) {
    struct use use = {.now = 20, .peak = 100, .highest = 100, .highest_now = 87, .missed = 17, .given = 5};
    use_end_time(&use);
    expect(use.missed, 14, "an eighth of what was missed is forgotten, and what is left of one");
    expect(use.highest, 98, "and of how much more there was");
    expect(use.highest_now, 20, "a new time begins with what is in use");
    expect(use.given, 0, "and nothing was given in it");
    use = (struct use){.now = 20, .peak = 100, .highest = 100, .highest_now = 88, .missed = 17};
    use_end_time(&use);
    expect(use.missed, 17, "use has come back, so nothing is forgotten");
    expect(use.highest, 100, "nor how much there was");
    for (int i = 0; i < 100; i++) use_end_time(&use);
    expect(use.missed, 0, "all is forgotten in the end");
    expect(use.highest, 22, "and the most is so near to what there is that use has come back");
    expect(idle_sinks_by(0), 0, "nothing sinks by nothing");
    expect(idle_sinks_by(1), 1, "one sinks to nothing");
    expect(idle_sinks_by(16), 2, "sixteen by two");
    expect(idle_sinks_by(17), 3, "seventeen by three");

    use = (struct use){.now = 2, .highest = 2, .highest_now = 2, .peak = 2};
    give(&use, 2);
    use.now = 6;
    give(&use, 6);
    expect(use.given, 8, "a time is no shorter than the rule says");
    use.now = 2;
    give(&use, 2);
    expect(use.given, 0, "and no longer, where the heap was turned over four times");
    use = (struct use){.now = 300, .highest = 100, .highest_now = 100, .peak = 100};
    use.now = 499;
    give(&use, 399);
    expect(use.given, 399, "a heap is not turned over yet");
    use.now = 101;
    give(&use, 1);
    expect(use.given, 0, "a heap was turned over four times");
}

static void may_idle(void) {
    struct use use = {.now = 40, .peak = 200, .highest = 80, .missed = 100};
    expect(idle_lately(&use, &rule), 50, "what was missed twice may lie idle");
    use.missed = 30;
    expect(idle_lately(&use, &rule), 20, "or as much as the rule says");
    use.missed = 12;
    expect(idle_lately(&use, &rule), 12, "or what was missed");
    use.missed = 1000;
    expect(idle_lately(&use, &rule), 60, "or what will be in use again, and where nothing fits");
    use.now = 100;
    expect(idle_lately(&use, &rule), 0, "nothing, where all is in use");
    expect(idle_most(&use, &rule), 12, "a part of what is in use");
    use.now = 72;
    use.missed = 0;
    expect(idle_most(&use, &rule), 10, "or the least, and nothing was missed");
    use.missed = 4;
    expect(idle_most(&use, &rule), 14, "and what was");
    expect(idle_most_when_growing(&use, &rule), 134, "up to the peak, and a part of it");
    use.peak = 74;
    expect(idle_most_when_growing(&use, &rule), 7, "and what the rule says");
    use = (struct use){.now = 40, .peak = 40, .highest = 80, .missed = 100};
    expect(idle_most_when_growing(&use, &rule), 50, "or what was missed");
}

// ---- Which runs lie apart ----

static size_t resident_percent;
static int looks;
static bool are_limited;

size_t __wrap_os_resident(void* start, size_t bytes);
bool __wrap_extent_addresses_were_limited(void);

size_t __wrap_os_resident(void* start, size_t bytes) {
    (void)start;
    looks++;
    return bytes / 100 * resident_percent;
}

bool __wrap_extent_addresses_were_limited(void) { return are_limited; }

static int looks_in(int runs, size_t percent) {
    static char nothing[1];
    looks = 0;
    resident_percent = percent;
    for (int i = 0; i < runs; i++) bands_watch(nothing, 100);
    return looks;
}

static void bands(void) {
    expect((size_t)looks_in(32 * 7, 50), 7, "one run in 32 is looked at");
    expect(band_of(30), REGION_OF_BLOCKS, "seven sparse ones are not enough");
    expect((size_t)looks_in(32, 50), 1, "and an eighth");
    expect(band_of(23), REGION_OF_BAND, "the first band");
    expect(band_of(24), REGION_OF_BAND + 1, "the second");
    expect(band_of(47), REGION_OF_BAND + 1, "the longest of it");
    expect(band_of(48), REGION_OF_BAND + 2, "the third");
    expect(band_of(500), REGION_OF_BAND + REGION_BANDS - 1, "the last");
    are_limited = true;
    expect(band_of(30), REGION_OF_BLOCKS, "where addresses are limited");
    are_limited = false;
    (void)looks_in(32, 51);
    expect(band_of(30), REGION_OF_BLOCKS, "a filled one counts for four");
    (void)looks_in(32 * 3, 50);
    expect(band_of(30), REGION_OF_BLOCKS, "three sparse ones later");
    (void)looks_in(32, 50);
    expect(band_of(30) != REGION_OF_BLOCKS, true, "four sparse ones later");
    expect((size_t)looks_in(32 * 40, 0), 40, "still one in 32");
    (void)looks_in(32 * 2, 100);
    expect(band_of(30) != REGION_OF_BLOCKS, true, "of many sparse ones sixteen are remembered");
    (void)looks_in(32, 100);
    expect(band_of(30), REGION_OF_BLOCKS, "so three filled ones are enough");
    (void)looks_in(32, 100);
    expect((size_t)looks_in(32, 100), 1, "nothing sparse is remembered, and still one in 32 is looked at");
    expect((size_t)looks_in(64, 100), 1, "then one in 64");
    expect((size_t)looks_in(128, 100), 1, "in 128");
    (void)looks_in(256 + 512, 100);
    expect((size_t)looks_in(512 * 4, 100), 4, "and no more seldom than one in 512");
    (void)looks_in(512, 0);
    expect((size_t)looks_in(64, 50), 2, "a sparse one, and it is one in 32 again");
}

int main(void) {
    counts();
    times();
    may_idle();
    bands();
    return failures > 0;
}

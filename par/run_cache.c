// run_cache.c: see run_cache.h.

#include "par/run_cache.h"

#include "par/harden.h"
#include "par/invariant.h"
#include "par/page_map.h"
#include "par/region_runs.h"

enum {
    FEW_PAGES = 256,    // who has no more takes runs that are longer than they must be,
    LONGER_PAGES = 64,  // by so much at most
    MANY_PAGES = 4096,  // who has more keeps none: what it has is worth more than the calls
    TAKES = 64,         // after so many the hand goes a step,
    FORGOTTEN = 8,      // and this part of what is more than many is forgotten
};

// The state of a place stands above the length in its mark, so that one comparison asks for both.
enum { LENGTHS = 1024, GHOST = LENGTHS, WANTED = 2 * LENGTHS, KEPT = 3 * LENGTHS, NO_PLACE = RUN_PLACES };

_Static_assert(MEDIUM_MOST_PAGES + LONGER_PAGES < LENGTHS, "a longer length is no other state");

static unsigned state_of(unsigned mark) { return mark / LENGTHS * LENGTHS; }

static unsigned pages_of(unsigned mark) { return mark % LENGTHS; }

// A place of a state whose length is so many pages or up to `spare` more, or NO_PLACE: the last one that the thread
// came for, whose pages are warmest, or the shortest. All places are compared without a branch, for the result is hard
// to predict.
static unsigned find(const struct run_cache* runs, unsigned state, size_t pages, unsigned spare) {
    unsigned mark = state + (unsigned)pages;
    if (runs->marks[runs->last] - mark <= spare) return runs->last;
    unsigned matches = 0;
#pragma GCC unroll 8
    for (unsigned i = 0; i < RUN_PLACES; i++) matches |= (unsigned)(runs->marks[i] - mark <= spare) << i;
    unsigned best = NO_PLACE;
    for (; matches != 0; matches &= matches - 1) {
        unsigned i = (unsigned)__builtin_ctz(matches);
        if (best == NO_PLACE || runs->marks[i] < runs->marks[best]) best = i;
    }
    return best;
}

static struct region* region_of(const char* start) { return (struct region*)page_map_mapping(start); }

static void empty(struct run_cache* runs, unsigned place) {
    unsigned mark = runs->marks[place];
    runs->marks[place] = 0;
    if (state_of(mark) != KEPT) return;
    runs->kept_pages -= pages_of(mark);
    region_give_run(region_of(runs->starts[place]), runs->starts[place]);
}

// The thread has so many pages less. It may have freed what others took.
static void count_given(struct run_cache* runs, size_t pages) {
    runs->out_pages -= pages < runs->out_pages ? pages : runs->out_pages;
}

void run_cache_note_resize(struct run_cache* runs, size_t old_pages, size_t new_pages) {
    count_given(runs, old_pages);
    runs->out_pages += new_pages;
}

static void come_for(struct run_cache* runs, unsigned place, unsigned state, size_t pages) {
    runs->marks[place] = (uint16_t)(state + pages);
    runs->used[place] = true;
    runs->last = place;
}

// What a thread hands to others, who free it, is never counted as given. So who has many is believed to have fewer with
// time: one that has them all the same keeps some runs, which is little beside them.
static void forget_some(struct run_cache* runs) {
    if (runs->out_pages > MANY_PAGES) runs->out_pages -= (runs->out_pages - MANY_PAGES) / FORGOTTEN + 1;
}

char* run_cache_take(struct run_cache* runs, size_t* pages) {
    bool steps = ++runs->takes % TAKES == 0;
    if (steps) forget_some(runs);
    bool has_many = runs->out_pages > MANY_PAGES;
    if (has_many || steps) run_cache_give_unused(runs);
    unsigned spare = runs->out_pages <= FEW_PAGES ? LONGER_PAGES : 0;
    unsigned place = has_many ? NO_PLACE : find(runs, KEPT, *pages, spare);
    char* start = NULL;
    if (place != NO_PLACE) {
        start = runs->starts[place];
        region_reuse_run(region_of(start), start);
        runs->kept_pages -= pages_of(runs->marks[place]);
    } else {
        place = find(runs, GHOST, *pages, spare);
    }
    if (place != NO_PLACE) {
        *pages = pages_of(runs->marks[place]);
        come_for(runs, place, WANTED, *pages);
    }
    runs->out_pages += *pages;
    return start;
}

// The place that the hand points at, or NO_PLACE if the thread has come for it since the hand was there last. The hand
// goes on.
static unsigned pass(struct run_cache* runs) {
    unsigned place = runs->hand;
    bool was_used = runs->used[place];
    runs->used[place] = false;
    runs->hand = (place + 1) % RUN_PLACES;
    return was_used ? NO_PLACE : place;
}

// Notes the length of a run that is not kept, in the place of what nobody has come for.
static void note_freed(struct run_cache* runs, size_t pages) {
    unsigned place;
    do {
        place = pass(runs);
    } while (place == NO_PLACE);
    empty(runs, place);
    runs->marks[place] = (uint16_t)(GHOST + pages);
}

bool run_cache_keep(struct run_cache* runs, struct region* region, char* start) {
    size_t pages = region_run_pages(region, start);
    count_given(runs, pages);
    if (!runs_may_be_kept() || runs->out_pages > MANY_PAGES) return false;
    unsigned place = find(runs, WANTED, pages, 0);
    if (place == NO_PLACE) {
        note_freed(runs, pages);
        return false;
    }
    if (runs->kept_pages + pages > runs->most_pages) {
        run_cache_give_unused(runs);
        return false;
    }
    region_keep_run(region, start);
    runs->starts[place] = start;
    come_for(runs, place, KEPT, pages);
    runs->kept_pages += (uint32_t)pages;
    return true;
}

void run_cache_give_unused(struct run_cache* runs) {
    unsigned place = pass(runs);
    if (place != NO_PLACE) empty(runs, place);
}

void run_cache_flush(struct run_cache* runs) {
    for (unsigned place = 0; place < RUN_PLACES; place++) empty(runs, place);
}

void run_cache_check(const struct run_cache* runs) {
    size_t kept = 0;
    for (unsigned place = 0; place < RUN_PLACES; place++) {
        unsigned mark = runs->marks[place];
        if (state_of(mark) != KEPT) continue;
        const char* start = runs->starts[place];
        check_invariant(region_kept_pages(region_of(start), start) == pages_of(mark),
                        "a run that a thread keeps is marked in its region, and as long as the thread knows");
        kept += pages_of(mark);
    }
    check_invariant(kept == runs->kept_pages, "the pages of the runs that a thread keeps are counted");
}

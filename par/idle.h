// idle.h: how much of what is not in use may lie idle, with its memory.
//
// Fresh memory costs a fault for each page, so what a program takes again soon should have been kept. "Soon" is counted
// in work: a time ends when the heap has been turned over a few times; or by the clock (decay.h), when a program works
// on little. Two things are known: how much more was in use of late; and how much was missed: taken fresh, though no
// more was in use than of late. Only what was missed once is kept. So a heap that grows and shrinks again and again
// soon keeps its memory, and one that shrinks for good does not.

#ifndef PAR_IDLE_H
#define PAR_IDLE_H

#include <stdbool.h>
#include <stddef.h>

// In pages or in slots. All zero at first. Whoever counts holds a lock.
struct use {
    size_t now;
    size_t peak;         // of all time
    size_t highest;      // of late: sinks when use does not come back
    size_t highest_now;  // in this time
    size_t given;        // back in this time
    size_t missed;       // sinks like highest
};

// Known when this is compiled, for all of it is asked with each run of pages.
struct idle_rule {
    size_t least;   // so much may always lie idle, and no time is shorter than when so much was given back,
    size_t share;   // or this part of what is in use;
    size_t lately;  // and as much as will probably be used again, but no more than this, or than what was missed twice;
    size_t growth;  // but by no more than this may idle memory raise the peak, or by IDLE_PEAK_SHARE;
    size_t scatter;  // this part of what is in use may lie where nothing fits
};

enum {
    IDLE_TURNS = 4,       // of the heap are a time
    IDLE_FORGETS = 8,     // this part sinks with each time that ends
    IDLE_BACK = 8,        // use has come back when it was so near to what it was before
    IDLE_PEAK_SHARE = 32  // of the peak
};

// More is in use now. fresh: how much of it has no memory yet.
static inline void use_taken(struct use* use, size_t fresh) {
    if (use->now <= use->highest) use->missed += fresh;
    if (use->now > use->peak) use->peak = use->now;
    if (use->now > use->highest) use->highest = use->now;
    if (use->now > use->highest_now) use->highest_now = use->now;
}

// A part of it sinks, and at least one: few slots would else stay for ever.
static inline size_t idle_sinks_by(size_t number) { return (number + IDLE_FORGETS - 1) / IDLE_FORGETS; }

static inline void use_end_time(struct use* use) {
    bool came_back = use->highest_now >= use->highest - use->highest / IDLE_BACK;
    if (!came_back) {
        use->missed -= idle_sinks_by(use->missed);
        use->highest -= idle_sinks_by(use->highest - use->highest_now);
    }
    use->highest_now = use->now;
    use->given = 0;
}

// So much was given back, and is not in use any more.
static inline void use_given(struct use* use, const struct idle_rule* rule, size_t given) {
    use->given += given;
    if (use->given / IDLE_TURNS >= use->highest && use->given >= rule->least) use_end_time(use);
}

// Result: how much will probably be used again.
static inline size_t idle_lately(const struct use* use, const struct idle_rule* rule) {
    size_t most = use->highest + use->highest / rule->scatter;
    size_t more = most > use->now ? most - use->now : 0;
    size_t lately = more < use->missed ? more : use->missed;
    size_t bound = use->missed / 2 > rule->lately ? use->missed / 2 : rule->lately;
    return lately < bound ? lately : bound;
}

// Result: how much may lie idle.
static inline size_t idle_most(const struct use* use, const struct idle_rule* rule) {
    size_t part = use->now / rule->share;
    return (part > rule->least ? part : rule->least) + idle_lately(use, rule);
}

// Result: how much may lie idle when fresh memory is needed.
static inline size_t idle_most_when_growing(const struct use* use, const struct idle_rule* rule) {
    size_t part = use->peak / IDLE_PEAK_SHARE;
    size_t most = use->peak - use->now + (part > rule->growth ? part : rule->growth);
    size_t lately = idle_lately(use, rule);
    return most > lately ? most : lately;
}

#endif

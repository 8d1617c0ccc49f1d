// recent.h: how much of what lies idle will probably be used again, without a clock.
//
// Fresh pages cost a fault each, so what a program takes again soon should have been kept. "Soon" is counted in work: a
// time ends when as much was given back as was in use at most, so that the heap has been turned over once. Two things
// are known: how much more was in use lately, in this time and the one before; and how much was missed: taken fresh,
// though no more was in use than lately. Only what was missed once is kept, so a heap that grows and shrinks again and
// again soon keeps its pages, and one that shrinks for good does not.

#ifndef PAR_RECENT_H
#define PAR_RECENT_H

#include <stdbool.h>
#include <stddef.h>

// All zero at first. Whoever counts holds a lock.
struct recent {
    size_t highest;         // use in this time, and
    size_t highest_before;  // in the one before
    size_t given;           // back in this time
    size_t missed;          // sinks when use does not come back
};

enum {
    RECENT_FORGETS = 8,  // this part of what was missed, with each time that ends
    RECENT_BACK = 8,     // use has come back when it was so near to what it was before
};

static inline size_t recent_highest(const struct recent* recent) {
    return recent->highest > recent->highest_before ? recent->highest : recent->highest_before;
}

// Some was taken. used: what is in use now. fresh: how much of what was taken is.
static inline void recent_take(struct recent* recent, size_t used, size_t fresh) {
    if (used <= recent_highest(recent)) recent->missed += fresh;
    if (used > recent->highest) recent->highest = used;
}

static inline void recent_end_time(struct recent* recent, size_t used) {
    bool came_back = recent->highest >= recent->highest_before - recent->highest_before / RECENT_BACK;
    if (!came_back) recent->missed -= recent->missed / RECENT_FORGETS;
    recent->highest_before = recent->highest;
    recent->highest = used;
    recent->given = 0;
}

// So much was given back. used: what is in use now. least: no time is shorter than this.
// Result: how much should be kept for what comes.
static inline size_t recent_give(struct recent* recent, size_t given, size_t used, size_t least) {
    recent->given += given;
    if (recent->given >= recent->highest && recent->given >= least) recent_end_time(recent, used);
    size_t highest = recent_highest(recent);
    size_t more = highest > used ? highest - used : 0;
    return more < recent->missed ? more : recent->missed;
}

#endif

// recent.h: how much was in use lately, without a clock.
//
// Memory that a program used lately it will probably use again soon, and fresh pages cost a fault each. "Lately" is
// counted in work: a time ends when as much was given back as is in use, so that the heap has been turned over once.
// What counts is the highest use of this time and of the one before. A heap that grows and shrinks again and again so
// keeps its pages; one that shrinks for good forgets each half of its size while it gives back the next.

#ifndef PAR_RECENT_H
#define PAR_RECENT_H

#include <stddef.h>

// All zero at first. Whoever counts holds a lock.
struct recent {
    size_t highest;         // use in this time, and
    size_t highest_before;  // in the one before
    size_t given;           // back in this time
};

// Some was taken. used: what is in use now.
static inline void recent_take(struct recent* recent, size_t used) {
    if (used > recent->highest) recent->highest = used;
}

// So much was given back. used: what is in use now. least: no time is shorter than this.
// Result: how much more was in use lately than now.
static inline size_t recent_give(struct recent* recent, size_t given, size_t used, size_t least) {
    recent->given += given;
    if (recent->given >= used && recent->given >= least) {
        recent->highest_before = recent->highest;
        recent->highest = used;
        recent->given = 0;
    }
    size_t highest = recent->highest > recent->highest_before ? recent->highest : recent->highest_before;
    return highest > used ? highest - used : 0;
}

#endif

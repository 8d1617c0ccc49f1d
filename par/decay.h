// decay.h: what lies idle goes with time, as well as with work.
//
// A program that had much and now works on little turns its heap over slowly, and would keep what idles for long.

#ifndef PAR_DECAY_H
#define PAR_DECAY_H

// Lets time pass: what has been idle for too long is owed from then on (region_pay). A pause in which nobody came
// counts for as long as it was. Called on slow paths, with no lock held; mostly costs a look at a clock. Thread-safe.
void decay(void);

#endif

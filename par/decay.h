// decay.h: what lies idle goes with time, as well as with work.
//
// A program that had much and now works on little turns its heap over slowly, and would keep what idles for long.

#ifndef PAR_DECAY_H
#define PAR_DECAY_H

// Gives up a little of what has been idle for too long, when it is time. Called on slow paths, with no lock held; costs
// a look at a clock else. Thread-safe.
void decay(void);

#endif

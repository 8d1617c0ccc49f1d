// watch.h: a thread that looks at a test, and ends it when a call does not come back.

#ifndef TESTS_WATCH_H
#define TESTS_WATCH_H

#include <stddef.h>

// Where a thread notes the call it is in; see calls.c.
struct noted_call {
    const char* name;  // NULL: this thread has not made any
    const void* block;
    size_t old_bytes;
    size_t bytes;
    int returned;
    const void* result;
    size_t begun;   // the clock of the watch when the call began
    size_t number;  // of the call among those of this slot
};

// The calling thread's own place. There are many, and when all are taken the oldest is used again.
struct noted_call* watch_slot(void);

// Counts quarters of a second while a watch runs; 0 before.
size_t watch_clock(void);

// Starts to look at the calling process. Ends the test as failed (fail_test)
//   - when every thread has been asleep for 5 seconds, in a call or where a thread or the process ends: a deadlock;
//   - when a call has not come back for 10 seconds of the process's CPU time, and its own thread has computed for one
//     of them: one that waits for a lock while others take it again and again is slow, and does not hang;
//   - when a thread that has done its work computes for 10 seconds instead of ending;
//   - when the test as a whole has computed for a minute.
// Other processes may keep the machine as busy as they like: a thread that wants to run is not asleep. The variable
// CK_TIMEOUT_MULTIPLIER makes all of that longer. Not under a tool.
//
// when_hanging: called with the sentence before the test is ended for one of the first two reasons.
void watch_test(void (*when_hanging)(const char* why));

#endif

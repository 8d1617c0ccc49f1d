// touch.h: makes the machine's memory ready before a run that is timed.
//
// A virtual machine gives free memory back to its host after a few seconds and has to ask for it again at the first
// touch, which can take ten times as long as a page fault otherwise. That would fall on whichever program runs next.

#ifndef MEASURE_TOUCH_H
#define MEASURE_TOUCH_H

#include <stdint.h>

// Touches so many bytes of memory in a child process, waits for its end, and so leaves as much free memory that the
// host has backed. Does less, silently, when there is less memory. Call it before any other child is started.
void touch_memory(uint64_t bytes);

#endif

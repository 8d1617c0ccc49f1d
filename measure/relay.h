// relay.h: passes what a program prints on to our own output, counts it, and cuts it off at a limit.
//
// The launcher must never block: neither on a program that prints nothing nor on a reader that takes nothing. A relay
// therefore says what it waits for and is called again when that has come. Not thread-safe.

#ifndef MEASURE_RELAY_H
#define MEASURE_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

// Not more than a pipe that poll() calls writable surely takes without blocking (PIPE_BUF).
enum { RELAY_BYTES = 4096 };

struct relay {
    int source;       // reading end of the program's pipe, non-blocking; -1 once it has ended
    int destination;  // where the bytes go
    uint64_t bytes;   // read so far
    uint64_t lines;   // ended in these
    unsigned held, passed;
    char buffer[RELAY_BYTES];  // buffer[passed..held) is still to be written
};

// What the relay waits for; an fd of -1 when for nothing. Safe to hand to poll() either way.
struct pollfd relay_wants(const struct relay* relay);

// Does one step of work that does not block; events is what poll() found (0: nothing).
// room: how many bytes may still be passed on, of this relay and its siblings; lowered here. What exceeds it is
// counted, not passed on.
void relay_step(struct relay* relay, short events, uint64_t* room);

// After every writer has ended: true when nothing is left to read and to write. A source that is only silent counts as
// ended, so that a writing end that has escaped somewhere cannot hold us up.
bool relay_finished(struct relay* relay, uint64_t* room);

#endif

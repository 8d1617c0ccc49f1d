// follower.h: how a followed program (raw.h) is read while it runs, and let go on, seen from outside.

#ifndef TRACE_FOLLOWER_H
#define TRACE_FOLLOWER_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/record/raw.h"

// Zeros, but for the header, are one that has read nothing. Used by one thread.
struct follower {
    struct raw_header* header;
    int fd;
    uint64_t next;                   // the event to be read
    const struct raw_event* events;  // the segment that it is in; NULL before it is mapped
};

enum follower_news { FOLLOWER_EVENT, FOLLOWER_NOTHING_YET, FOLLOWER_END };

// Opens the file that bin/xtrace -f makes, and says that this process is the follower. What cannot be done ends the
// process (fail).
void follower_open(struct follower* follower, const char* path);

// The next event, which is waited for, but not longer than some hundredths of a second. FOLLOWER_END: the program has
// ended, or is recorded no longer, and all its events were read. Events that it left unfinished are passed over.
enum follower_news follower_read(struct follower* follower, const struct raw_event** event);

// The event that was read last is done: the program goes on.
void follower_done(struct follower* follower);

// Whether there was a follower and its process has ended. fd: the file. Not for the follower's own process.
bool follower_is_gone(const struct raw_header* header, int fd);

// There is no follower any more: the program goes on and is not recorded. Any process may say so, also more than once.
void follower_release(struct raw_header* header);

#endif

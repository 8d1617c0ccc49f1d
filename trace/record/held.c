// held.c: see held.h.

#include "trace/record/held.h"

#include "trace/record/futex.h"

void held_tell(struct raw_header* header) {
    atomic_fetch_add(&header->written, 1);
    futex_wake_all(&header->written);
}

// `done` is read before `following` and changes after it (follower_release), so that whoever sees neither change does
// not fall asleep.
bool held_until_done(struct raw_header* header, uint64_t place) {
    for (;;) {
        uint32_t done = atomic_load(&header->done);
        if (atomic_load(&header->following) != RAW_FOLLOWED) return false;
        if ((int32_t)(done - (uint32_t)(place + 1)) >= 0) return true;
        futex_wait(&header->done, done, NULL);
    }
}

// futex.h: waits for a number in memory that processes share to change, and wakes who waits; see futex(2).

#ifndef TRACE_FUTEX_H
#define TRACE_FUTEX_H

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Returns when somebody wakes those who wait for this word, when it is no longer `seen`, after a signal, or when the
// time is over; whoever calls looks again. longest: NULL for as long as it takes. May change errno.
static inline void futex_wait(_Atomic uint32_t* word, uint32_t seen, const struct timespec* longest) {
    syscall(SYS_futex, word, FUTEX_WAIT, seen, longest, NULL, 0);
}

static inline void futex_wake_all(_Atomic uint32_t* word) {
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

#endif

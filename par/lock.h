// lock.h: the lock of all data that threads share. A thread holds it for a few dozen instructions and never waits then;
// but with the two that stand for work and guard no data it waits for the system (growth in depot.c, purge_locks in
// region.c).
//
// It is a futex lock after Drepper, "Futexes Are Tricky" (2011). Before it sleeps, it spins for about as long as such a
// lock is held: a sleep and a wake-up cost a hundred times as much. It is inline, and small enough to lie beside the
// data that it guards; pthread_mutex_t is neither.

#ifndef PAR_LOCK_H
#define PAR_LOCK_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

// tests/models/lock.pml proves lock_take, lock_wait and lock_give: one thread inside, which has seen what the last one
// wrote, and no lost wake-up.
struct lock {
    atomic_int state;
};

enum { LINE_BYTES = 64 };  // of a cache: threads that write to one line wait for each other, with or without a lock

enum { LOCK_IS_FREE, LOCK_IS_HELD, LOCK_IS_AWAITED, LOCK_SPINS = 100 };

#define LOCK_FREE ((struct lock){LOCK_IS_FREE})

// Set in the thread that forks, while it holds every lock (fork.c). The fork handlers of other libraries may allocate
// meanwhile, in this thread: it has all locks as it is.
extern _Thread_local bool lock_all_are_mine __attribute__((tls_model("initial-exec")));

static inline void lock_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

// Not in line, so that taking a free lock is short. Keeps no errno: the callers do.
static __attribute__((noinline, unused)) void lock_wait(struct lock* lock) {
    if (lock_all_are_mine) return;
    for (int spin = 0; spin < LOCK_SPINS; spin++) {
        int expected = LOCK_IS_FREE;
        // order: relaxed, for the load only says whether to try; the exchange behind it decides, and acquires what
        // lock_give released.
        if (atomic_load_explicit(&lock->state, memory_order_relaxed) == LOCK_IS_FREE &&
            atomic_compare_exchange_weak_explicit(&lock->state, &expected, LOCK_IS_HELD, memory_order_acquire,
                                                  memory_order_relaxed)) {
            return;
        }
        lock_pause();
    }
    // order: acquire, pairs with the release in lock_give, also through the exchanges of other waiters in between (a
    // release sequence). What it writes itself tells nobody of other memory.
    while (atomic_exchange_explicit(&lock->state, LOCK_IS_AWAITED, memory_order_acquire) != LOCK_IS_FREE) {
        syscall(SYS_futex, &lock->state, FUTEX_WAIT_PRIVATE, LOCK_IS_AWAITED, NULL, NULL, 0);
    }
}

// Takes the lock, waiting for it if need be. Not twice in one thread.
static inline void lock_take(struct lock* lock) {
    int expected = LOCK_IS_FREE;
    // order: acquire, pairs with the release in lock_give; relaxed when it fails, for lock_wait comes then.
    if (!atomic_compare_exchange_strong_explicit(&lock->state, &expected, LOCK_IS_HELD, memory_order_acquire,
                                                 memory_order_relaxed)) {
        lock_wait(lock);
    }
}

// Takes the lock if it is free. Result: whether it was.
static inline bool lock_try(struct lock* lock) {
    int expected = LOCK_IS_FREE;
    // order: acquire, as in lock_take; a lock that is not taken is only looked at.
    return atomic_compare_exchange_strong_explicit(&lock->state, &expected, LOCK_IS_HELD, memory_order_acquire,
                                                   memory_order_relaxed);
}

// Gives the lock, which the calling thread must hold (or, in the child of a fork, the thread that forked).
static inline void lock_give(struct lock* lock) {
    if (__builtin_expect(lock_all_are_mine, false)) return;
    // order: release, pairs with each acquire above: who comes in next has seen all that was written inside.
    if (atomic_exchange_explicit(&lock->state, LOCK_IS_FREE, memory_order_release) == LOCK_IS_AWAITED) {
        syscall(SYS_futex, &lock->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

#endif

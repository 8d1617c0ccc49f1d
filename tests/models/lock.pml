/* lock.pml: the lock of all that threads share.
 *
 * Models: par/lock.h: lock_take lock_wait lock_give
 *
 * Three threads take the lock and give it, twice each. What it guards is one place of plain memory.
 *
 * Proved: no two threads are inside at once; who comes in has seen all that the last one wrote (the release of lock_give
 * pairs with the acquires); nobody sleeps for ever, so no wake-up is lost.
 *
 * Memory: every operation on the state but one reads and writes it in one step, so it reads the latest value. The one
 * relaxed load, in the spin, may read any value: both ways are taken. A compare-exchange that is weak may fail for no
 * reason. An exchange that is no release passes on what the release before it gave (a release sequence).
 *
 * Left out: how often a thread spins (once here); the kernel's own queue is taken as right: FUTEX_WAIT compares and goes to
 * sleep in one step, FUTEX_WAKE wakes one sleeper, any of them. A sleep may end for no reason (a signal), once in a run.
 *
 * BROKEN_GIVE_IS_RELAXED   lock_give without release
 * BROKEN_TAKE_IS_RELAXED   lock_take without acquire
 * BROKEN_NOT_AWAITED       a thread sleeps without having said so: the state stays LOCK_IS_HELD
 * BROKEN_TAKES_AS_HELD     a thread that slept takes the lock as LOCK_IS_HELD: others that sleep are forgotten
 */

#define THREADS 3
#define ROUNDS 2

mtype = { FREE, HELD, AWAITED };

mtype state = FREE;
byte written;         /* how often the guarded place was written */
byte carried;         /* how many of the writes the state's last release sequence carries */
byte seen[THREADS];   /* how many each thread has seen */
byte inside;
bool asleep[THREADS];
bool was_interrupted;

inline acquired(me) {
#ifndef BROKEN_TAKE_IS_RELAXED
    if
    :: seen[me] < carried -> seen[me] = carried
    :: else
    fi
#else
    skip
#endif
}

/* Result: whether the state was free. */
inline exchange_if_free(me, new_state, done) {
    if
    :: state == FREE -> state = new_state; acquired(me); done = true
    :: else -> done = false
    fi
}

inline futex_wait(me, expected) {
    atomic {
        if
        :: state == expected -> asleep[me] = true
        :: else
        fi
    }
    if
    :: !asleep[me]
    :: atomic { asleep[me] && !was_interrupted -> asleep[me] = false; was_interrupted = true }
    fi
}

inline futex_wake() {
    atomic {
        if
        :: asleep[0] -> asleep[0] = false
        :: asleep[1] -> asleep[1] = false
        :: asleep[2] -> asleep[2] = false
        :: else
        fi
    }
}

inline lock_wait(me, done) {
    if /* the relaxed load, and a weak exchange */
    :: atomic { exchange_if_free(me, HELD, done) }
    :: skip
    fi;
    do
    :: done -> break
    :: !done ->
#ifdef BROKEN_NOT_AWAITED
        atomic { exchange_if_free(me, HELD, done) }
        if
        :: done -> break
        :: else -> futex_wait(me, HELD)
        fi
#else
        atomic {
            exchange_if_free(me, (was_asleep_as_held -> HELD : AWAITED), done);
            if
            :: !done -> state = AWAITED
            :: else
            fi
        }
        if
        :: done -> break
        :: else ->
            futex_wait(me, AWAITED);
#ifdef BROKEN_TAKES_AS_HELD
            was_asleep_as_held = true
#endif
        fi
#endif
    od
}

active [THREADS] proctype thread() {
    byte round = 0;
    bool done = false;
    bool was_asleep_as_held = false;
    bool wakes;
    do
    :: round < ROUNDS ->
        atomic { exchange_if_free(_pid, HELD, done) }
        if
        :: done
        :: else -> lock_wait(_pid, done)
        fi;
        done = false;
        was_asleep_as_held = false;

        inside++;
        assert(inside == 1);                 /* no two threads are inside */
        assert(seen[_pid] == written);       /* no data race, no stale read */
        atomic { written++; seen[_pid] = written }
        inside--;

        atomic {
            wakes = (state == AWAITED);
            state = FREE;
#ifndef BROKEN_GIVE_IS_RELAXED
            carried = seen[_pid]
#endif
        }
        if
        :: wakes -> futex_wake(); wakes = false
        :: else
        fi;
        round++
    :: else -> break
    od
}

/* ending.pml: a thread that ends leaves no block in its cache, and is no longer counted.
 *
 * Models: par/cache.c: thread_exit await_end cache_set_up cache_flush count_of_threads has_hardly_freed cache_spill_and_free
 * Models: par/depot.c: depot_take_one depot_give_one depot_give_loose
 *
 * Three threads live as the C library has it: their own code; then the destructors of thread-specific data, each again as
 * long as its key has a value, but no more than ROUNDS times; then the C library's own last frees, also for other threads.
 * In every part a thread may take and free blocks, or not use malloc at all. Four calls in all.
 *
 * Proved: in the end every block is live, or in the depot; none is in the cache of a thread that has ended. No thread
 * counts for ever. A thread that divides by the number of threads reads one at least, however stale what it reads is.
 *
 * Memory: the number of threads is relaxed. Adding to it reads the latest value; a thread that only reads may get any that
 * is not older than its own last one (memory.pml).
 *
 * A call is one step but for what it asks of the number of threads: all else that it touches is its own or under the lock.
 *
 * Left out: a thread whose very first xmalloc comes in the last round of destructors or behind: it loses what its cache then holds,
 * and counts for ever. More than FIRST_FREES blocks freed from there on by a thread that never used malloc before. A thread
 * that no C library started, or ends (a raw clone). How the depot keeps blocks (depot.pml); here it counts them.
 *
 * BROKEN_KEEPS          cache_spill_and_free: a thread that is ending keeps what it frees
 * BROKEN_KEEPS_TAKEN    cache_refill_and_take: it keeps the rest of what it was given (no depot_take_one)
 * BROKEN_BEGINS_AT_END  cache_spill_and_free: the first free sets up a cache (no has_hardly_freed)
 * BROKEN_COUNTS_LATE    cache_set_up: a thread asks for its budget before it counts itself
 */

#define THREADS 3
#define ROUNDS 2
#ifdef QUICK
#define CALLS 3 /* of all threads together */
#else
#define CALLS 4
#endif
#define FIRST_FREES 1 /* in the code 32; one more free and the cache begins, as there */
#define BATCH 2

#define LOCKS 1
#define DEPOT_LOCK 0
#define PLACES 1
#define DEPOT 0
#define WORDS 1
#define COUNTED 0       /* threads */
#define WRITES 8
#include "memory.pml"

#define BLOCKS 4

byte depot = BLOCKS - 1; /* blocks in it */
byte live = 1;           /* with the program, which lets any thread free any */
byte cached[THREADS];
bool is_awaiting_end[THREADS];
bool is_set_up[THREADS];
bool is_ending[THREADS];
byte first_frees[THREADS];
bool key_has_value[THREADS];
byte calls;
byte ended;

inline fetch_add(me, more) {
    atomic {
        view_of[me].seen[COUNTED] = word[COUNTED].last; /* one step that reads the latest */
        counted = word[COUNTED].value[word[COUNTED].last] + more;
        relaxed_write(me, COUNTED, counted);
        counted = 0
    }
}

inline count_of_threads(me) {
    relaxed_read(me, COUNTED, counted);
    assert(counted > 0); /* no division by zero */
    counted = 0
}

inline await_end(me) {
    if
    :: !is_awaiting_end[me] -> is_awaiting_end[me] = true; key_has_value[me] = true
    :: else
    fi
}

inline set_up_awaited(me) {
    if
    :: !is_set_up[me] && !is_ending[me] ->
        is_set_up[me] = true;
#ifdef BROKEN_COUNTS_LATE
        count_of_threads(me);
#endif
        fetch_add(me, 1)
    :: else
    fi
}

inline cache_set_up(me) {
    await_end(me);
    set_up_awaited(me)
}

inline depot_give(me, blocks) {
    atomic {
        lock_take(me, DEPOT_LOCK);
        access(me, DEPOT);
        depot = depot + blocks;
        lock_give(me, DEPOT_LOCK)
    }
}

inline take(me) {
    cache_set_up(me);
    if
    :: cached[me] > 0 -> cached[me]--; live++
    :: else ->
        atomic {
            lock_take(me, DEPOT_LOCK);
            access(me, DEPOT);
            if
            :: depot >= BATCH -> given = BATCH
            :: else -> given = depot
            fi;
            depot = depot - given;
            lock_give(me, DEPOT_LOCK)
        }
        if
        :: given > 0 ->
            atomic { live++; given-- }
            if
#ifndef BROKEN_KEEPS_TAKEN
            :: is_ending[me] -> depot_give(me, given) /* depot_take_one */
#endif
            :: else -> cached[me] = given; asks = true /* want_more */
            fi;
            given = 0
        :: else
        fi
    fi
}

inline free(me) {
    await_end(me);
    if
#ifndef BROKEN_KEEPS
    :: is_ending[me] -> depot_give(me, 1)
#endif
#ifndef BROKEN_BEGINS_AT_END
    :: !is_ending[me] && (!is_set_up[me] || cached[me] == 0) && first_frees[me] < FIRST_FREES ->
        first_frees[me]++; depot_give(me, 1)
#endif
    :: !is_ending[me] && is_set_up[me] && cached[me] == 0 -> cached[me]++ /* of a class that it has taken */
    :: else -> set_up_awaited(me); cached[me]++
    fi
}

/* par's own destructor. */
inline thread_exit(me) {
    is_ending[me] = true;
    if
    :: is_set_up[me] -> fetch_add(me, -1)
    :: else
    fi;
    depot_give(me, cached[me]);
    cached[me] = 0
}

/* What is left out: see above. A thread is known that par's destructor was or will be called for. */
#define KNOWN_OR(other) (is_ending[_pid] || key_has_value[_pid] && part <= ROUNDS || (other))
#define FEW (first_frees[_pid] < FIRST_FREES)

/* Any calls, or none. */
inline calls_of(me, may_take, may_free) {
    do
    :: atomic { may_take && calls < CALLS -> calls++; take(me) }
        if
        :: asks -> count_of_threads(me); asks = false
        :: else
        fi
    :: atomic { may_free && calls < CALLS && live > 0 -> calls++; live--; free(me) }
    :: break
    od
}

active [THREADS] proctype thread() {
    byte part, counted, given;
    bool asks;
    atomic {
        if
        :: _pid == 0 -> memory_begin()
        :: else -> knows[DEPOT] != 0
        fi
    }
    do
    :: part <= ROUNDS + 1 -> /* destructors of others come before par's and behind it */
        calls_of(_pid, KNOWN_OR(part < ROUNDS), KNOWN_OR(part < ROUNDS || FEW));
        if
        :: part >= 1 && part <= ROUNDS && key_has_value[_pid] ->
            atomic { key_has_value[_pid] = false; thread_exit(_pid) }
        :: else
        fi;
        part++
    :: else -> break
    od;
    assert(cached[_pid] == 0); /* nobody will come for it */
    atomic {
        ended++;
        if
        :: ended == THREADS ->
            assert(depot + live == BLOCKS);
            assert(word[COUNTED].value[word[COUNTED].last] == 0)
        :: else
        fi
    }
}

/* memory.pml: locks, and what a thread may read of memory that another one wrote. The models include it.
 *
 * An agent is a thread (0 to THREADS - 1) or a lock (THREADS and up). What an agent knows goes to another one when a
 * thread gives a lock (release) and when a thread takes it (acquire), and in no other way. This is the happens-before of
 * C11, told as views.
 *
 *   plain memory     One bit for each agent: it has seen the last access. Who accesses a place without it has a data
 *                    race, and the model fails. A read counts like a write, for all plain memory of par has one owner at a
 *                    time.
 *   relaxed atomics  Every value that was ever written stays. A thread may read any that is not older than what it has
 *                    seen: so a write may wait in a store buffer, and a read may be stale, for as long as C11 allows.
 *                    Writers must be ordered by locks; a write by a thread that has not seen the last one fails.
 *
 * Left out: a write that becomes visible before an earlier read of the same thread (load buffering), which no machine
 * does across the acquire and release of a lock; fairness, so that nothing is said of how long a thread waits.
 *
 * A model defines THREADS, LOCKS, PLACES (plain), WORDS (relaxed) and WRITES (to one word, at most). It has a global byte
 * called `at`, for loops in here.
 */

#define AGENTS (THREADS + LOCKS)
#define BIT(agent) (1 << (agent))
#define EVERYBODY (BIT(AGENTS) - 1)
#define lock_agent(lock) (THREADS + (lock))

typedef history {
    byte value[WRITES];
    byte last
};
typedef view {
    byte seen[WORDS]
};

short knows[PLACES];
history word[WORDS];
view view_of[AGENTS];
bool is_held[LOCKS];
hidden byte at;

/* At the start everybody has seen all zeros. */
inline memory_begin() {
    d_step {
        at = 0;
        do
        :: at < PLACES -> knows[at] = EVERYBODY; at++
        :: else -> break
        od;
        at = 0
    }
}

inline hand(from, to) {
    at = 0;
    do
    :: at < PLACES ->
        if
        :: knows[at] & BIT(from) -> knows[at] = knows[at] | BIT(to)
        :: else
        fi;
        at++
    :: else -> break
    od;
    at = 0;
    do
    :: at < WORDS ->
        if
        :: view_of[to].seen[at] < view_of[from].seen[at] -> view_of[to].seen[at] = view_of[from].seen[at]
        :: else
        fi;
        at++
    :: else -> break
    od;
    at = 0
}

inline lock_take(thread, lock) {
    atomic {
        !is_held[lock] -> is_held[lock] = true;
        hand(lock_agent(lock), thread)
    }
}

inline lock_give(thread, lock) {
    atomic {
        assert(is_held[lock]);
        is_held[lock] = false;
        hand(thread, lock_agent(lock))
    }
}

inline access(thread, place) {
    assert(knows[place] & BIT(thread)); /* no data race */
    knows[place] = BIT(thread)
}

inline relaxed_write(thread, name, new_value) {
    atomic {
        assert(view_of[thread].seen[name] == word[name].last); /* writers are ordered */
        word[name].last++;
        word[name].value[word[name].last] = new_value;
        view_of[thread].seen[name] = word[name].last
    }
}

inline relaxed_read(thread, name, result) {
    atomic {
        do
        :: view_of[thread].seen[name] < word[name].last -> view_of[thread].seen[name]++
        :: break
        od;
        result = word[name].value[view_of[thread].seen[name]]
    }
}

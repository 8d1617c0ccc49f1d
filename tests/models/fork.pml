/* fork.pml: a child of fork finds every lock free and every record whole, and nobody waits for ever.
 *
 * Models: par/fork.c: before_fork after_fork
 * Models: par/depot.c: lock_to_take depot_lock_all depot_unlock_all
 * Models: par/large.c: large_take
 *
 * Three threads do three things in all, each any of them: take a small block of one of two classes, with all locks below; take a
 * large block; or fork. So two may fork at once.
 *
 * Proved: no deadlock; at a fork no record is half changed and the forking thread holds every lock, so that its child, which
 * gives them all, can take each.
 *
 * Memory: records are plain and guarded by one lock each (memory.pml): the child's one thread has seen all of them.
 *
 * A class has two locks. Who finds no free block gives the class's own, takes growth, and then the own again; it makes a span with
 * growth alone, and gives that while it holds the own. All else takes the own lock alone, and nobody takes a lock of one class while
 * it holds one of another, but a fork.
 *
 * Left out: locks of others: stdio's list of streams (see fork.c), and the one of interpose/checking.c, which nests with
 * none. A process of one thread, which takes no lock at all when it forks. What the caches of the parent's other threads held is
 * lost to the child: nobody there can reach it. A fork before the constructors ran, clone(2) without handlers, and a child that vfork(2) made.
 *
 * BROKEN_ORDER      before_fork takes the lock of regions before those of the depots
 * BROKEN_GROWTH     before_fork takes the own lock of each class before growth
 * BROKEN_IN_MAKING  before_fork does not take growth: a child finds it taken, by a thread that it does not have
 * BROKEN_FORGETS    before_fork does not take the lock of metadata
 * BROKEN_KEEPS_ONE  after_fork does not give the lock of extents
 */

#define THREADS 3
#define LOCKS 8
#define CLASS_A 0
#define CLASS_B 1
#define REGION 2
#define LARGE 3
#define EXTENT 4
#define METADATA 5
#define GROWTH_A 6
#define GROWTH_B 7
#define PLACES LOCKS        /* the records that each lock guards */
#define WORDS 1             /* none is used */
#define WRITES 1
#include "memory.pml"

#ifdef QUICK
#define THINGS 2 /* of all threads together */
#else
#define THINGS 3
#endif

byte things;
byte holder[LOCKS];         /* 1 + the thread, or 0 */
bool is_half_changed[LOCKS];

inline take(me, lock) { atomic { lock_take(me, lock); holder[lock] = me + 1 } }
inline give(me, lock) { atomic { holder[lock] = 0; lock_give(me, lock) } }

/* Changes the records of a lock in two steps. */
inline change(me, lock) {
    atomic { access(me, lock); is_half_changed[lock] = true }
    is_half_changed[lock] = false
}

inline with_metadata(me) {
    take(me, METADATA);
    change(me, METADATA);
    give(me, METADATA)
}

inline with_extents(me) {
    take(me, EXTENT);
    if
    :: true -> with_metadata(me) /* a record is needed */
    :: skip
    fi;
    change(me, EXTENT);
    give(me, EXTENT)
}

/* span_make, down to fresh memory or not so far. A choice says `true`, so that nobody gets round a wait by choosing. */
inline make_span(me) {
    take(me, REGION);
    if
    :: true -> with_metadata(me)
    :: skip
    fi;
    if
    :: true -> with_extents(me)
    :: skip
    fi;
    change(me, REGION);
    give(me, REGION)
}

/* depot_take: there is a free block, or none (lock_to_take), or somebody else has made a span meanwhile */
inline small(me, class, growth) {
    take(me, class);
    if
    :: true ->
       give(me, class);
       take(me, growth);
       take(me, class);
       if
       :: true ->
          give(me, class);
          make_span(me);
          take(me, class)
       :: skip
       fi;
       give(me, growth)
    :: skip
    fi;
    change(me, class);
    give(me, class)
}

/* large_take: its lock is given before the next is taken */
inline large(me) {
    take(me, LARGE);
    change(me, LARGE);
    give(me, LARGE);
    with_metadata(me);
    with_extents(me)
}

inline take_class(me, class, growth) {
#ifdef BROKEN_GROWTH
    take(me, class);
    take(me, growth)
#else
#ifndef BROKEN_IN_MAKING
    take(me, growth);
#endif
    take(me, class)
#endif
}

inline give_class(me, class, growth) {
    give(me, class)
#ifndef BROKEN_IN_MAKING
    ;
    give(me, growth)
#endif
}

inline before_fork(me) {
#ifdef BROKEN_ORDER
    take(me, REGION);
#endif
    take_class(me, CLASS_A, GROWTH_A);
    take_class(me, CLASS_B, GROWTH_B);
#ifndef BROKEN_ORDER
    take(me, REGION);
#endif
    take(me, LARGE);
    take(me, EXTENT)
#ifndef BROKEN_FORGETS
    ;
    take(me, METADATA)
#endif
}

inline after_fork(me) {
#ifndef BROKEN_FORGETS
    give(me, METADATA);
#endif
#ifndef BROKEN_KEEPS_ONE
    give(me, EXTENT);
#endif
    give(me, LARGE);
    give(me, REGION);
    give_class(me, CLASS_A, GROWTH_A);
    give_class(me, CLASS_B, GROWTH_B)
}

/* What the child finds: a copy of all memory, and this thread alone. */
inline the_child(me) {
    atomic {
        lock = 0;
        do
        :: lock < LOCKS ->
            assert(holder[lock] == me + 1 || holder[lock] == 0); /* it gives those, so all are free then */
            assert(!is_half_changed[lock]);
            assert(holder[lock] == 0 || knows[lock] & BIT(me));
            lock++
        :: else -> break
        od;
        lock = 0
    }
}

active [THREADS] proctype thread() {
    byte lock;
    atomic {
        if
        :: _pid == 0 -> memory_begin()
        :: else -> knows[METADATA] != 0
        fi
    }
    do
    :: atomic { things < THINGS -> things++ }
        if
        :: true -> small(_pid, CLASS_A, GROWTH_A)
        :: true -> small(_pid, CLASS_B, GROWTH_B)
        :: true -> large(_pid)
        :: true -> before_fork(_pid); the_child(_pid); after_fork(_pid)
        fi
    :: break
    od
}

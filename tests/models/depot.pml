/* depot.pml: free blocks go from thread to thread through the depot, in magazines.
 *
 * Models: par/depot.c: depot_take depot_give depot_give_loose
 * Models: par/cache.c: cache_refill_and_take cache_spill_and_free make_room cache_flush
 * Models: par/span.c: span_list_take span_list_give span_list_give_cold span_cut
 *
 * Three threads take and free blocks of one class, eight blocks in all, two in a magazine, any thread any live block; then
 * each gives back what its cache holds.
 *
 * Proved: no block is handed out twice; none is lost: in the end each is live, in the depot or in a span, once; every link
 * and every record is read by one who has seen it written, although threads write links outside of the lock; no deadlock.
 *
 * Memory: all of it is plain and has one owner at a time (memory.pml). The program hands over a block and nothing else,
 * so that its own synchronisation hides no mistake of par. What a thread does with the lock held is one step: as nobody
 * else may touch that memory meanwhile, which is proved, it does not matter when others go on (Lipton, "Reduction", 1975).
 *
 * Left out: sizes and thresholds; whether a class shrinks or its depot is full is anybody's guess each time. How magazines
 * grow. Spans all of whose blocks are back (page_map.pml), and what is below them.
 *
 * BROKEN_UNLOCKED       depot_take pops a magazine without the lock
 * BROKEN_NO_SECOND_LOOK depot_take looks for a magazine before it takes the lock, and not again behind it
 * BROKEN_COUNTS_LATE    depot_give writes the number of blocks of a magazine after it has given the lock
 */

#define BLOCKS 8
#define LIVE 5
#define MAGAZINE 2
#ifdef QUICK
#define OPERATIONS 4 /* of all threads together */
#else
#define OPERATIONS 6
#endif

#define THREADS 3
#define LOCKS 1
#define DEPOT_LOCK 0
#define WORDS 1 /* none is used */
#define WRITES 1
#define PLACES (BLOCKS + 2)
#define DEPOT 0             /* the place of its records; those of blocks are 1 to BLOCKS */
#define SPANS (BLOCKS + 1)
#define is_any_live (live[1] || live[2] || live[3] || live[4] || live[5] || live[6] || live[7] || live[8])
#include "memory.pml"

byte next[BLOCKS + 1];
byte next_magazine[BLOCKS + 1];
byte count_of[BLOCKS + 1];
byte magazines;             /* in the depot */
byte span_free;             /* blocks that came back */
byte carved;                /* blocks 1 to carved were handed out before */

bool live[BLOCKS + 1];      /* what the program has */
byte operations;
byte ended;

/* The lock of the class must be held for the next four. */
inline pop_magazine(me, first, count) {
    access(me, DEPOT);
    assert(magazines != 0);
    first = magazines;
    count = count_of[first];
    magazines = next_magazine[first]
}

inline push_magazine(me, first, count) {
    access(me, DEPOT);
#ifdef BROKEN_COUNTS_LATE
    given = first;
#else
    count_of[first] = count;
#endif
    next_magazine[first] = magazines;
    magazines = first
}

inline span_list_give(me, first) {
    access(me, SPANS);
    do
    :: first != 0 ->
        access(me, first);
        moved = first;
        first = next[moved];
        next[moved] = span_free;
        span_free = moved
    :: else -> break
    od;
    moved = 0
}

/* Blocks that came back, and if those are too few, fresh ones, whose links are still to be written. */
inline span_list_take(me, first, count, fresh, fresh_count) {
    access(me, SPANS);
    do
    :: count < MAGAZINE && span_free != 0 ->
        access(me, span_free);
        moved = span_free;
        span_free = next[moved];
        next[moved] = first;
        first = moved;
        count++
    :: count < MAGAZINE && span_free == 0 && carved < BLOCKS && fresh_count < MAGAZINE - count ->
        carved++;
        fresh_count++;
        if
        :: fresh == 0 -> fresh = carved
        :: else
        fi
    :: else -> break
    od;
    moved = 0
}

inline span_cut(me, first, count, fresh, fresh_count) {
    do
    :: fresh_count > 0 ->
        fresh_count--;
        access(me, fresh + fresh_count);
        next[fresh + fresh_count] = first;
        first = fresh + fresh_count;
        count++
    :: else -> break
    od;
    fresh = 0
}

inline depot_take(me, first, count) {
#ifdef BROKEN_NO_SECOND_LOOK
    bool there_is = magazines != 0;
#define THERE_IS there_is
#else
#define THERE_IS magazines != 0
#endif
    atomic {
#ifndef BROKEN_UNLOCKED
        lock_take(me, DEPOT_LOCK);
#endif
        if
        :: THERE_IS -> pop_magazine(me, first, count)
        :: else -> span_list_take(me, first, count, fresh, fresh_count)
        fi;
#ifndef BROKEN_UNLOCKED
        lock_give(me, DEPOT_LOCK);
#endif
        span_cut(me, first, count, fresh, fresh_count)
    }
}

/* A full magazine, or what is left of one. It becomes the depot's, or goes to the spans. */
inline depot_give(me, first, count) {
    atomic {
        lock_take(me, DEPOT_LOCK);
        if
        :: push_magazine(me, first, count)
        :: span_list_give(me, first) /* the depot is full */
        :: do /* the class shrinks; with the lock held, span_list_give_cold is one list after the other */
           :: magazines != 0 -> pop_magazine(me, emptied, emptied_count); span_list_give(me, emptied)
           :: else -> break
           od;
           emptied_count = 0;
           span_list_give(me, first)
        fi;
        first = 0;
        lock_give(me, DEPOT_LOCK)
    }
#ifdef BROKEN_COUNTS_LATE
    ;
    if
    :: given != 0 -> access(me, DEPOT); count_of[given] = count; given = 0
    :: else
    fi
#endif
}

inline depot_give_loose(me, first) {
    atomic {
        lock_take(me, DEPOT_LOCK);
        span_list_give(me, first);
        lock_give(me, DEPOT_LOCK)
    }
}

inline cache_refill_and_take(me) {
    if
    :: spare != 0 -> atomic { loaded = spare; loaded_count = spare_count; spare = 0; spare_count = 0 }
    :: else -> depot_take(me, loaded, loaded_count)
    fi
}

inline make_room(me) {
    if
    :: depot_give_loose(me, loaded) /* the class was shrinking when the thread last gave */
    :: spare == 0 -> atomic { spare = loaded; spare_count = loaded_count; loaded = 0 }
    :: spare == 0 -> depot_give(me, loaded, loaded_count); loaded = 0 /* the thread has only freed */
    :: spare != 0 ->
        depot_give(me, spare, spare_count);
        atomic { spare = loaded; spare_count = loaded_count; loaded = 0 }
    fi;
    loaded_count = 0
}

/* What went before: five blocks are live, two lie in the depot as a magazine, one is fresh. */
inline program_begin() {
    d_step {
        do
        :: carved < LIVE -> carved++; live[carved] = true
        :: else -> break
        od;
        magazines = LIVE + 1;
        next[magazines] = LIVE + 2;
        count_of[magazines] = MAGAZINE;
        carved = LIVE + MAGAZINE
    }
}

active [THREADS] proctype thread() {
    byte loaded, loaded_count, spare, spare_count;
    byte fresh, fresh_count, moved, emptied, emptied_count, block;
#ifdef BROKEN_COUNTS_LATE
    byte given;
#endif
    atomic {
        if
        :: _pid == 0 -> memory_begin(); program_begin()
        :: else -> knows[DEPOT] != 0
        fi
    }
    do
    :: atomic { operations < OPERATIONS -> operations++ } /* xmalloc */
        if
        :: loaded == 0 -> cache_refill_and_take(_pid)
        :: else
        fi;
        atomic {
            if
            :: loaded != 0 ->
                block = loaded;
                access(_pid, block);
                loaded = next[block];
                loaded_count--;
                assert(!live[block]); /* none is handed out twice */
                live[block] = true;
                knows[block] = EVERYBODY; /* the program writes into it, and hands it over */
                block = 0
            :: else /* all blocks are out */
            fi
        }
    :: atomic {
            operations < OPERATIONS && is_any_live -> /* xfree */
            /* Live blocks are all alike, so the first stands for any. */
            block = 1;
            do
            :: !live[block] -> block++
            :: else -> break
            od;
            live[block] = false;
            operations++
        }
        if
        :: loaded_count == MAGAZINE -> make_room(_pid)
        :: else
        fi;
        atomic {
            access(_pid, block);
            next[block] = loaded;
            loaded = block;
            loaded_count++;
            block = 0
        }
    :: break
    od;
    /* cache_flush, when the thread ends */
    if
    :: loaded != 0 -> depot_give_loose(_pid, loaded)
    :: else
    fi;
    if
    :: spare != 0 -> depot_give(_pid, spare, spare_count)
    :: else
    fi;
    ended++
}

/* In the end every block that was ever handed out is in one place. */
active proctype count() {
    byte block, magazine, found[BLOCKS + 1];
    ended == THREADS;
    atomic {
        block = span_free;
        do
        :: block != 0 -> found[block]++; assert(found[block] == 1); block = next[block]
        :: else -> break
        od;
        magazine = magazines;
        do
        :: magazine != 0 ->
            block = magazine;
            do
            :: block != 0 -> found[block]++; assert(found[block] == 1); block = next[block]
            :: else -> break
            od;
            magazine = next_magazine[magazine]
        :: else -> break
        od;
        block = 1;
        do
        :: block <= carved -> assert(found[block] + live[block] == 1); block++
        :: else -> break
        od
    }
}

/* first_use.pml: the first calls of a process come from several threads at once, before the tables of sizes are made.
 *
 * Models: par/cache.c: cache_set_up await_end process_set_up
 * Models: par/size_class.h: size_class_of
 * Models: par_alloc.c: take_any xmalloc
 *
 * Three threads call xmalloc twice each. The fast path looks a class up without a lock; the slow one sets up first.
 *
 * Proved: nobody takes a block of no class; the table of sizes is read only by who has seen it made; it is made once; the
 * thread's own set-up comes to an end although it calls xmalloc again (pthread_setspecific may take memory).
 *
 * Memory: an entry of size_class_table is a byte that is written once, after 0; before it is seen, the fast path may read
 * either (memory.pml). pthread_once gives what its function wrote to everybody who returns from it.
 *
 * Left out: formally, to read that byte while it is written is a race. It needs a thread that runs before the constructors
 * of par; lib/libpar.so is linked with -z initfirst, so there is none. A fork in the middle of process_set_up.
 *
 * BROKEN_LOOKS_FIRST     take_any looks the class up before cache_set_up
 * BROKEN_NO_ONCE         a plain flag in the place of pthread_once
 * BROKEN_SAYS_IT_LAST    await_end: is_awaiting_end is set behind pthread_setspecific
 */

#define THREADS 3
#define LOCKS 1
#define ONCE 0
#define PLACES 1
#define UNUSED 0
#define WORDS 3
#define CLASS_OF_SIZE 0     /* an entry of size_class_table: 0, then 1 */
#define SIZES 1             /* size_classes: 0, then 1 */
#define FLAG 2
#define WRITES 4
#include "memory.pml"

bool once_done;
byte times_made;
bool is_awaiting_end[THREADS];
bool has_blocks[THREADS];

inline process_set_up(me) {
    relaxed_write(me, CLASS_OF_SIZE, 1);
    relaxed_write(me, SIZES, 1);
    times_made++;
    assert(times_made == 1)
}

inline set_up_once(me) {
#ifdef BROKEN_NO_ONCE
    relaxed_read(me, FLAG, found);
    if
    :: found == 0 -> process_set_up(me); relaxed_write(me, FLAG, 1)
    :: else
    fi;
    found = 0
#else
    lock_take(me, ONCE);
    if
    :: !once_done -> process_set_up(me); once_done = true
    :: else
    fi;
    lock_give(me, ONCE)
#endif
}

/* cache_set_up; depth: how often xmalloc has called itself through pthread_setspecific. */
inline cache_set_up(me) {
    set_up_once(me);
    do
    :: is_awaiting_end[me] -> break
    :: else ->
#ifdef BROKEN_SAYS_IT_LAST
        depth++;
        assert(depth < 3); /* calloc, cache_set_up, pthread_setspecific, calloc, ... */
#else
        is_awaiting_end[me] = true
#endif
    od;
    depth = 0
}

active [THREADS] proctype thread() {
    byte call, class, found, depth;
    atomic {
        if
        :: _pid == 0 -> memory_begin()
        :: else -> knows[UNUSED] != 0
        fi
    }
    do
    :: call < 2 ->
        call++;
        relaxed_read(_pid, CLASS_OF_SIZE, class);
        if
        :: class != 0 && has_blocks[_pid] /* the fast path */
        :: else ->
#ifndef BROKEN_LOOKS_FIRST
            cache_set_up(_pid);
            relaxed_read(_pid, CLASS_OF_SIZE, class);
#else
            cache_set_up(_pid);
#endif
            assert(class != 0);
            relaxed_read(_pid, SIZES, found);
            assert(found == 1);
            found = 0;
            has_blocks[_pid] = true
        fi;
        class = 0
    :: else -> break
    od
}

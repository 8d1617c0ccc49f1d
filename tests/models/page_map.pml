/* page_map.pml: the page map says what an address belongs to; it is read without a lock.
 *
 * Models: par/page_map.h: page_map_class page_map_mapping
 * Models: par/page_map.c: page_map_set_class page_map_add page_map_remove
 * Models: par/span.c: span_make span_unmake
 * Models: par/large.c: large_take large_give move
 *
 * There are two places (a run of granules, or slots). Three threads take a place, enter in the page map whose it is, hand
 * the block to another thread by the program's own means, and free or move blocks: five operations in all.
 *
 * Proved: who frees a block reads the entry that its owner made, and no older or later one; no place has two owners; all
 * that change an entry are ordered by the lock under which the place changes its owner; in the end free places have no entry.
 *
 * Memory: entries are written and read relaxed, and reads may be stale (memory.pml). The order comes from two sides: the
 * lock below (region or extent), and the program, which hands a block over with what its taker had seen.
 *
 * Left out: the classes' own locks, which nest outside of the one here (fork.pml has the nesting); that a span has many
 * blocks, and goes back with the last one; the root of the map: page_map_prepare runs under the lock of extent.c, and who
 * asks for an address has seen its leaf for the same reason as its entry.
 *
 * BROKEN_CLEARS_LATE   span_unmake, large_give: the entry is removed after the place was given
 * BROKEN_MOVES_FIRST   move: the old entry is removed after the pages have moved
 * BROKEN_ENTERS_LATE   span_make, large_take: the block is handed out before its entry is made
 */

#define THREADS 3
#define TWO 2
#ifdef QUICK
#define OPERATIONS 4 /* of all threads together */
#else
#define OPERATIONS 5
#endif

#define LOCKS 1
#define BELOW 0         /* of region.c or extent.c */
#define PLACES 1        /* the records below the lock */
#define RECORDS 0
#define WORDS TWO       /* the entries of both places */
#define WRITES 12
#include "memory.pml"

#define NONE 255

byte owner[TWO];        /* the block in each place, by a number that no other block ever has; 0: the place is free */
byte last_block;
view carried[TWO];      /* what the program hands over with the block */
bool is_live[TWO];      /* the program has the block in this place, and nobody is at it */
byte operations;
byte ended;

/* Takes a free place, if there is one. */
inline take_place(me, place, block) {
    atomic {
        lock_take(me, BELOW);
        access(me, RECORDS);
        place = NONE;
        if
        :: owner[0] == 0 -> place = 0
        :: owner[1] == 0 -> place = 1
        :: else
        fi;
        if
        :: place != NONE -> owner[place] = block
        :: else
        fi;
        lock_give(me, BELOW)
    }
}

inline give_place(me, place) {
    atomic {
        lock_take(me, BELOW);
        access(me, RECORDS);
        assert(owner[place] != 0); /* nothing is given twice */
        owner[place] = 0;
        lock_give(me, BELOW)
    }
}

/* extent_move: both in one turn. */
inline move_place(me, old, place, block) {
    atomic {
        lock_take(me, BELOW);
        access(me, RECORDS);
        place = NONE;
        if
        :: owner[1 - old] == 0 -> place = 1 - old; owner[place] = block; owner[old] = 0
        :: else
        fi;
        lock_give(me, BELOW)
    }
}

/* The block becomes one of the program's: any thread that it is handed to has seen what this one had seen. */
inline hand_out(me, place) {
    atomic {
        carried[place].seen[0] = view_of[me].seen[0];
        carried[place].seen[1] = view_of[me].seen[1];
        is_live[place] = true
    }
}

inline seen_with(me, place, name) {
    if
    :: view_of[me].seen[name] < carried[place].seen[name] -> view_of[me].seen[name] = carried[place].seen[name]
    :: else
    fi;
    carried[place].seen[name] = 0
}

inline handed_to(me, place, block) {
    atomic {
        if
        :: is_live[0] -> place = 0
        :: is_live[1] -> place = 1
        fi;
        is_live[place] = false;
        seen_with(me, place, 0);
        seen_with(me, place, 1);
        block = owner[place] /* the pointer, as the program has it */
    }
}

/* page_map_class or page_map_mapping, by the owner of a block. */
inline look_up(me, place, block) {
    relaxed_read(me, place, entry);
    assert(entry == block);
    entry = 0
}

active [THREADS] proctype thread() {
    byte place, old, block, entry;
    atomic {
        if
        :: _pid == 0 -> memory_begin()
        :: else -> knows[RECORDS] != 0
        fi
    }
    do
    :: atomic { operations < OPERATIONS -> operations++; last_block++; block = last_block }
        take_place(_pid, place, block);
        if
        :: place != NONE ->
#ifdef BROKEN_ENTERS_LATE
            hand_out(_pid, place);
            relaxed_write(_pid, place, block)
#else
            relaxed_write(_pid, place, block);
            hand_out(_pid, place)
#endif
        :: else
        fi;
        place = 0; block = 0
    :: atomic { operations < OPERATIONS && (is_live[0] || is_live[1]) -> operations++; handed_to(_pid, place, block) }
        look_up(_pid, place, block);
        if
        :: true -> /* free it */
#ifdef BROKEN_CLEARS_LATE
            give_place(_pid, place);
            relaxed_write(_pid, place, 0)
#else
            relaxed_write(_pid, place, 0);
            give_place(_pid, place)
#endif
        :: true -> /* move it, or leave it where it is */
            old = place;
#ifdef BROKEN_MOVES_FIRST
            move_place(_pid, old, place, block);
            relaxed_write(_pid, old, 0);
#else
            relaxed_write(_pid, old, 0);
            move_place(_pid, old, place, block);
#endif
            if
            :: place == NONE -> place = old
            :: else
            fi;
            relaxed_write(_pid, place, block);
            hand_out(_pid, place);
            old = 0
        fi;
        place = 0; block = 0
    :: break
    od;
    atomic {
        ended++;
        if
        :: ended == THREADS ->
            assert(word[0].value[word[0].last] == owner[0]);
            assert(word[1].value[word[1].last] == owner[1])
        :: else
        fi
    }
}

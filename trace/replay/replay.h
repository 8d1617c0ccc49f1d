// replay.h: a trace's requests, made over xmalloc.h; the parts of bin/replay-BACKEND.

#ifndef TRACE_REPLAY_H
#define TRACE_REPLAY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"

// ---- step.c: one event ----------------------------------------------------------------------------------------------

// A block as it is during the replay; start is NULL when there is none.
struct replay_block {
    unsigned char* start;
    uint64_t bytes;
    _Atomic uint32_t done;  // events of it so far, in a free run
    unsigned char stamp;    // that it was signed with
};

// What an event did.
struct replay_change {
    unsigned char* start;  // of a free: where the block was
    uint64_t bytes;        // likewise
    unsigned char* old_start;
    uint64_t old_bytes;  // of a realloc
};

struct replay_observer;

// Makes the request of an event, signs the block that it gave and checks the one that it took.
//
// number: the event's index, for the stamp and for complaints. is_full: every byte is written and checked, not just the
// first and the last. observer: sees the call itself; NULL when nobody does. A block that is not as it was, is
// misaligned or was not given ends the process (fail); an observer of calls takes blocks at any address.
struct replay_change replay_step(const struct trace_event* event, size_t number, struct replay_block* block,
                                 bool is_full, struct replay_observer* observer);

// Ends the process (fail) when a block is not as it was signed. number: the event after which that is so.
void replay_check(const struct replay_block* block, size_t number);

// Frees the blocks that are there.
void replay_free_all(struct replay_block* blocks, size_t count);

// ---- order.c: one thread, or threads that take turns, in the recorded order -----------------------------------------

// Whoever looks on: begin is called before the first event, after after each of them. Who wants to know in which call a
// process ended sets the other three: before is called before the block is looked at, calling and called around the
// call. Of such a run, all blocks are checked after each event.
struct replay_observer {
    void (*begin)(struct replay_observer* observer);
    void (*after)(struct replay_observer* observer, size_t number, const struct trace_event* event,
                  struct replay_change change);
    void (*before)(struct replay_observer* observer, const struct trace_event* event, const struct replay_block* block);
    void (*calling)(struct replay_observer* observer);
    void (*called)(struct replay_observer* observer, const void* given);
};

// One event of a trace, told to the observer, which has begun. All blocks are filled.
void replay_observed_step(const struct trace* trace, size_t number, struct replay_block* blocks,
                          struct replay_observer* observer);

// Replays all events in their order and frees what is left. All blocks are filled. with_threads: each recorded thread
// is a thread; they wait for their turns.
void replay_in_order(const struct trace* trace, bool with_threads, struct replay_observer* observer);

// ---- follow.c: a program that still runs, step by step -------------------------------------------------------------

enum { REPLAY_FOLLOWED_USUALLY = 50000, REPLAY_FOLLOWED_MOST = 1000000 };

// Does what a program asks that bin/xtrace -f runs, and writes it into a heap map; at most so many steps, and each
// thread of the program is a thread here. Standard input says, in a number a line, how many steps may be done from then
// on: 0 holds the program, and before the first number it does not begin. At the end, which may be the end of that
// input, the program is let go.
void replay_follow(const char* recording, const char* backend, size_t most, const char* map_path);

// ---- time.c: by the clock -------------------------------------------------------------------------------------------

enum { REPLAY_ROUNDS_MOST = 1000 };

struct replay_timing {
    unsigned rounds;
    double rates[REPLAY_ROUNDS_MOST];  // operations a second, sorted
};

double replay_median(const struct replay_timing* timing);

// Replays the trace in so many rounds; by one thread in the recorded order, or with_threads: each recorded thread runs
// freely but for the order of each block's own events.
struct replay_timing replay_time(const struct trace* trace, unsigned rounds, bool with_threads, bool is_full);

// ---- crew.c: which thread does which events -------------------------------------------------------------------------

struct replay_crew {
    unsigned threads;
    const uint32_t* events;  // indices, those of each thread together and in order
    size_t* first;           // of each thread's in events; one more at the end
};

struct replay_crew replay_crew_of(const struct trace* trace);

// There are never more threads than the kit starts: recorded ones beyond share them.
unsigned replay_crew_thread(const struct replay_crew* crew, uint32_t recorded_thread);

// ---- memory.c, map.c: observers; mappings.c: what they can see ------------------------------------------------------

struct replay_moment {
    size_t event;  // counted from 1; 0: before the first one
    uint64_t payload_bytes;
    uint64_t resident_bytes;
};

struct replay_memory {
    uint64_t resident_peak_bytes;
    struct replay_moment worst;  // when resident memory exceeded the payload by most
};

struct replay_memory replay_measure_memory(const struct trace* trace, bool with_threads);

// Begins a heap map, as trace/README.md describes it. is_growing: the trace is of a program that still runs, so that
// what it will come to is not known. Result: the observer that writes the steps. There is one map in a process.
struct replay_observer* replay_map_open(const struct trace* trace, bool is_growing, const char* trace_path,
                                        const char* backend, const char* path);

// The next step shall be followed by a reading of the mappings; of a growing trace not every one is.
void replay_map_look(struct replay_observer* map);

void replay_map_close(struct replay_observer* map);

// The mappings of the process that can be written, but for the stack, as JSON: [[address, bytes, [[page, count], ...]],
// ...], with the runs of pages that are resident. The text lives until the call after the next. NULL when it is too
// long, or when all is as it was at the last call.
const char* replay_mappings(void);

// Bytes of anonymous memory that are resident.
uint64_t replay_resident_bytes(void);

#endif

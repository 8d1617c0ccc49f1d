// raw.h: what the recorder in the program and bin/xtrace outside share: a file that both have mapped.
//
//   page 0         struct raw_header
//   from then on   struct raw_event, one after the other, in the order of the trace
//
// The place of an event in the file is the number that it drew from raw_header.next, so the threads' events are in one
// order with nothing to be merged. A block's free draws its number before the memory is given back and an allocation
// after the memory was got: whoever gets that memory next draws a later number. realloc does both at moments of its own
// that nobody sees, so it draws two: one before and one after.
//
// The file is mapped shared: what was written is there whatever happens to the program afterwards. An event whose kind
// is still 0 was being written when it ended.
//
// A program can be followed (bin/xtrace -f): after each event it waits until somebody outside, the follower, has done
// the same (held.h, follower.h). It then stands where the follower stands. The file of such a program is never made
// shorter.

#ifndef TRACE_RAW_H
#define TRACE_RAW_H

#include <stdatomic.h>
#include <stdint.h>

// How the program is told. The process, because what it starts inherits the environment.
#define RAW_FILE_VARIABLE "XTRACE_FILE"
#define RAW_PROCESS_VARIABLE "XTRACE_PROCESS"

enum {
    RAW_HEADER_BYTES = 4096,
    RAW_SEGMENT_BYTES = 1 << 20,  // the file grows by so much
};

enum raw_kind {
    RAW_MALLOC = 1,
    RAW_CALLOC,
    RAW_ALIGNED,
    RAW_FREE,
    RAW_RESIZE_BEGIN,  // block: the old one
    RAW_RESIZE_END,    // block: the new one, NULL when the call failed or freed
    RAW_BEGIN,         // of a followed program: it begins here, and what was there before an exec is gone
};

struct raw_event {
    uint64_t block;
    uint64_t bytes;
    uint32_t thread;
    uint32_t alignment_log2;
    _Atomic uint32_t kind;  // written last
    uint32_t unused;
};

enum { RAW_EVENTS_EACH = RAW_SEGMENT_BYTES / sizeof(struct raw_event) };

// Whether the program waits after its events.
enum raw_following {
    RAW_UNFOLLOWED,
    RAW_FOLLOWED,
    RAW_RELEASED,  // there is no follower any more: nothing waits, and nothing more is recorded
};

enum { RAW_PROGRAM_BYTES = 1024 };

struct raw_header {
    uint64_t most_events;          // when so many are recorded the rest is left out
    _Atomic uint64_t next;         // events so far; may run a little over what is recorded
    _Atomic uint32_t threads;      // that have recorded anything
    _Atomic uint32_t programs;     // that this process has been, one after another by exec, and that could be recorded
    _Atomic int32_t growth_errno;  // why the file could not grow, 0 when it could

    // Of a followed program only. The two that are waited for are futexes.
    _Atomic uint32_t following;       // enum raw_following
    _Atomic uint32_t written;         // changes after each event that was written, and at the end
    _Atomic uint32_t done;            // events that the follower has done, modulo 2^32; anything once released
    _Atomic uint32_t has_follower;    // there has been one; it keeps a lock on the file
    _Atomic uint32_t has_ended;       // the program; written by bin/xtrace
    _Atomic uint64_t first;           // where the last RAW_BEGIN is
    char program[RAW_PROGRAM_BYTES];  // the command line, cut off where it is longer
};

#endif

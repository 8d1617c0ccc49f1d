// trace.h: a trace in memory: the requests that one program made of its allocator, in the order in which they took
// effect.
//
// Recorder, replay and conversion all go through this: a trace grows event by event, by three calls that give blocks
// their numbers. The number of a block is the one that was given up last by a free and not used again since, or, when
// there is none, the smallest that has never been used. So numbers stay small, and there are never more of them than
// blocks alive at a time. trace/file.h reads and writes files.

#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/pages.h"

enum {
    TRACE_THREADS_MOST = 1 << 16,
    TRACE_NAME_MOST = 4096,          // bytes
    TRACE_ALIGNMENT_LOG2_MOST = 30,  // 1 GiB
};

enum trace_kind { TRACE_MALLOC = 1, TRACE_CALLOC, TRACE_ALIGNED, TRACE_REALLOC, TRACE_FREE };

struct trace_event {
    uint64_t bytes;  // that were asked for; 0 for a free
    uint32_t block;
    uint32_t thread;
    uint8_t kind;  // enum trace_kind
    uint8_t alignment_log2;
};

// Zeros are an empty one.
struct trace {
    char program[TRACE_NAME_MOST + 1];  // the command line, in one line
    bool cut;                           // the program went on after the last event
    struct trace_event* events;
    size_t count;
    uint32_t blocks;   // their numbers are below this
    uint32_t threads;  // likewise
    uint64_t payload;  // bytes in blocks that are alive after the last event
    uint64_t payload_peak;
    size_t peak_event;  // index of the event that first reached it
    size_t takes;       // events that took a block

    struct pages event_pages;
    struct pages sizes;   // uint64_t of each block: its bytes plus 1, or 0 when it is not alive
    struct pages unused;  // uint32_t: numbers that were given up, the last one on top
    size_t unused_count;
};

// Adds an event that takes a block.
//
// kind: TRACE_MALLOC, TRACE_CALLOC or TRACE_ALIGNED. thread: at most trace->threads, and below TRACE_THREADS_MOST.
// bytes: up to PTRDIFF_MAX. alignment_log2: 0 but for TRACE_ALIGNED.
// Result: the number of the block.
uint32_t trace_take(struct trace* trace, enum trace_kind kind, uint32_t thread, uint64_t bytes, uint8_t alignment_log2);

// Adds a realloc or a free of a block that is alive.
void trace_resize(struct trace* trace, uint32_t thread, uint32_t block, uint64_t bytes);
void trace_give(struct trace* trace, uint32_t thread, uint32_t block);

// Makes room for so many events, in memory that is there (pages_populate). The trace is an empty one.
void trace_reserve(struct trace* trace, size_t events);

bool trace_is_alive(const struct trace* trace, uint64_t block);

// Names the program; control characters become spaces, and what is too long is cut.
void trace_name(struct trace* trace, const char* text, size_t length);

// Keeps the first so many events only.
void trace_keep_first(struct trace* trace, size_t events);

void trace_release(struct trace* trace);

extern const char* const trace_kind_names[TRACE_FREE + 1];

#endif

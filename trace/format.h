// format.h: what a trace file looks like, and what is in it.
//
// A trace is the requests that one program made of its allocator, in the order in which they took effect. All threads
// are in one order. Every number is a varint unless said otherwise: seven bits a byte, the lowest first, the top bit
// set in all bytes but the last.
//
//   8 bytes   "xtrace\r\n" (the line end is there because mail and git like to change it)
//   version   1
//   flags     1: the program went on after the last event
//   events    how many follow
//   length    of the name, then so many bytes: the command line of the program, for people
//   events    see below
//   8 bytes   FNV-1a of all bytes before, the lowest byte first
//
// An event is a byte with its kind in the low three bits (enum trace_kind), 8 added when it is of another thread than
// the event before (the first one: than thread 0), and the higher bits 0. Then, in this order:
//
//   thread     only when 8 was added; threads have numbers from 0, in the order of their first event
//   block      of a realloc and a free
//   bytes      of all but a free: the size that was asked for
//   alignment  of an aligned one: its binary logarithm
//
// The number of a block is not written where it is taken, for both sides know it: it is the number that was given up
// last by a free and not used again since, or, when there is none, the smallest that has never been used. So numbers
// stay small, and there are never more of them than blocks alive at a time.
//
// Calls without effect are no events: a free of NULL, and calls that failed. realloc(NULL, n) is a malloc, and a
// realloc to 0 bytes that freed its block is a free.
//
// Cost: about three bytes an event.

#ifndef TRACE_FORMAT_H
#define TRACE_FORMAT_H

#define TRACE_MAGIC "xtrace\r\n"

enum {
    TRACE_MAGIC_BYTES = sizeof TRACE_MAGIC - 1,
    TRACE_VERSION = 1,
    TRACE_FLAG_CUT = 1,
    TRACE_OTHER_THREAD = 8,
    TRACE_CHECKSUM_BYTES = 8,
    TRACE_NAME_MOST = 4096,          // bytes
    TRACE_ALIGNMENT_LOG2_MOST = 30,  // 1 GiB
};

enum trace_kind { TRACE_MALLOC = 1, TRACE_CALLOC, TRACE_ALIGNED, TRACE_REALLOC, TRACE_FREE };

#endif

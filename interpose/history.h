// history.h: with XMALLOC_CHECK=1 the checking build remembers where each block was taken and freed, and tells it, with
// lines of the program, behind the one line of a report.

#ifndef INTERPOSE_HISTORY_H
#define INTERPOSE_HISTORY_H

#include <stddef.h>

// Notes the caller's calls. Nothing happens without XMALLOC_CHECK=1. Thread-safe enough: a block has one owner.
void history_taken(const void* start, size_t bytes);
void history_freed(const void* start);

// These bytes should all be the same and are not: what stands there is told with the report.
void history_overwritten(const char* start, size_t bytes, int expected);

// Writes to standard error what is known of the block that begins at or holds this address, and where the process is.
void history_tell(const void* address);

#endif

// bare.h: whether free slots have memory.
//
// Idle memory is counted in slots (idle.h), but a program may touch little of its large blocks. Then their slots are
// bare: to unmap them gives back addresses and hardly any memory; to move their few pages to a longer place (extent.h)
// costs more than fresh ones. So where extents that were to be moved have been bare many times in a row, they stay
// where they are, and so many slots more may lie idle. With these, most blocks find a place that is long enough, and
// cost no system call. What is freed meanwhile is watched: as soon as some of it has memory, all that is over.
// (mimalloc and jemalloc get there by reserving many more addresses than they use.)

#ifndef PAR_BARE_H
#define PAR_BARE_H

#include <stdbool.h>
#include <stddef.h>

// Whether idle slots had better stay where they are, though so many (needed) were mapped elsewhere and could have their
// pages. Asks the kernel about one of the idle ones. highest: slots in use of late. Thread-safe.
bool bare_stay(char* idle, size_t idle_slots, size_t needed, size_t highest);

// Looks now and then whether what the caller is about to give back is bare, if that matters. Thread-safe.
void bare_watch(char* start, size_t slots);

// Result: how many slots more may lie idle because they are bare. highest: as above. Thread-safe.
size_t bare_more(size_t highest);

// A time has passed: some of them go. Thread-safe.
void bare_end_time(void);

#endif

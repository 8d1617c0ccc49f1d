// os.h: the only door to the system's memory: mmap, munmap, mremap and madvise are called nowhere else.

#ifndef PAR_OS_H
#define PAR_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Maps fresh zero pages.
//
// bytes: a multiple of 4 KiB. alignment: a power of two, 4 KiB or more.
// Result: NULL when the system has none. Thread-safe.
void* os_map(size_t bytes, size_t alignment);

enum there { MAPPED, OCCUPIED, NO_MEMORY };

// Maps fresh zero pages exactly here, when nothing else is there. Thread-safe.
enum there os_map_there(void* start, size_t bytes);

// The same, in one of many places that lie gigabytes apart, far below all others, so that much is free behind it and
// os_map_there can make it longer. place: 0 or more, the nearest first. Sets start to the place.
enum there os_map_apart(size_t bytes, size_t alignment, unsigned place, void** start);

// Gives pages back. start, bytes: multiples of 4 KiB; whole mappings or parts of them.
//
// Result: false when the system would have to split a mapping and has too many already (vm.max_map_count). Then the
// pages are still mapped and ours, without memory, and read as zeros.
bool os_unmap(void* start, size_t bytes);

// The same, of pages that nobody may touch in part: what stays mapped loses its memory where the system lets us, and
// holds anything.
bool os_unmap_untouched(void* start, size_t bytes);

// Whether a mapped range is one mapping for the kernel. The program can split it, by mlock(2) or madvise(2); before
// Linux 6.17 such a range cannot be moved, and the kernel finds that out only after it has unmapped the place, which
// anybody could then be given.
bool os_is_one_mapping(void* start, size_t bytes);

// Moves pages, without copying (mremap(2)), to a mapped place of the same length, which they replace; the old place is
// unmapped. Moving onto a mapping of our own is the only way to an aligned address that nobody else can take in
// between.
//
// Result: false when it cannot; then the pages are where they were, and the place is mapped.
bool os_move(void* start, size_t bytes, void* place);

// Gives up the content of a range, and with it the memory of each of the kernel's pages that lies in it whole; the
// range reads as zeros and stays mapped. Nothing outside of it changes, however large the kernel's pages are (4, 16 or
// 64 KiB).
void os_purge(void* start, size_t bytes);

// Gives up the memory of a range where the system lets us; its content is undefined then. start, bytes: multiples of
// the kernel's page.
void os_drop(void* start, size_t bytes);

// Makes a range zeros. Where a quarter of it or more has memory it is written: a fault for each page that is touched
// again costs up to ten times what writing a page does. Elsewhere what there is goes, for writing would give memory to
// pages that nobody may come to.
void os_clear(void* start, size_t bytes);

// How many bytes this process may map (RLIMIT_AS; RLIMIT_DATA counts nearly the same). Result: SIZE_MAX when nobody has
// limited it. Thread-safe.
size_t os_address_limit(void);

// The same as it was when it was last asked for, which costs no system call. Thread-safe.
size_t os_last_address_limit(void);

// What this process asks the system, beside for memory: in a sandbox a call that is not foreseen may end the process.
// Questions seldom are: systemd's list for services lacks mincore(2), and that of sshd prlimit(2), too.
enum asking { ASK_ALL, ASK_NO_PAGES, ASK_NOTHING };  // ASK_NO_PAGES: only for limits

// From now on. Whoever asks nothing has asked for the limits once more before. Thread-safe.
void os_set_asking(enum asking now);

// Whether the system would map so many bytes now. Maps and unmaps them, and touches none; yes, where the system once
// refused to unmap. Thread-safe.
bool os_has_room(size_t bytes);

// Asks for huge pages in a mapping: a 512th of the page faults and of the TLB entries. A hint: failure is no error.
void os_advise_huge(void* start, size_t bytes);

// Asks for ordinary pages again. Otherwise the kernel may fill up what os_purge has emptied (khugepaged).
void os_advise_ordinary(void* start, size_t bytes);

// A clock that costs no more than a function call, for it is some milliseconds late. Result: milliseconds since some
// time in the past.
uint64_t os_milliseconds(void);

// How much of a range has memory behind it. start: at the beginning of a kernel's page; bytes: at most 2 MiB.
// Result: bytes; 0 when the system does not tell, or is not asked.
size_t os_resident(void* start, size_t bytes);

// Whether so many bytes of a range, or fewer, have memory behind them. Likewise; false when the system does not tell.
bool os_is_bare(void* start, size_t bytes, size_t most);

#endif

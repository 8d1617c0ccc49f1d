// faults.h: system calls that fail when a test says so.
//
// faults.c defines the functions of the C library by which an allocator asks the system for memory. Linked into a
// program, or preloaded before a library, its functions come first in the search for a name, so the linked backend and
// lib/libpar.so call them; the C library's own calls are not affected. So the linker's --wrap is not needed.

#ifndef TORTURE_FAULTS_H
#define TORTURE_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

enum fault_call {
    CALL_MMAP,
    CALL_MUNMAP,
    CALL_MREMAP,
    CALL_MADVISE,
    CALL_MPROTECT,   // that takes rights away
    CALL_UNPROTECT,  // mprotect that gives some: pages that may be written count as data (RLIMIT_DATA)
    CALL_MINCORE,
    CALL_GETRLIMIT,
    CALL_FUTEX,
    CALL_KINDS
};

struct faults {
    // What shall happen; calls are counted from 1 on, over all kinds that take part.
    uint64_t kinds;       // a bit for each kind that is counted and may fail
    uint64_t first;       // the first call that fails; 0: none
    uint64_t calls;       // so many fail from there on
    uint64_t then_kinds;  // once one has failed, of calls of these kinds
    uint64_t then_calls;  // so many fail, too, the next ones
    bool unaligned;       // mmap never gives addresses that are aligned to more than its own pages
    bool high;            // mappings of 2 MiB or more lie at 2^52, where nothing can touch them
    // What happened.
    uint64_t counted;
    uint64_t then_counted;
    uint64_t failed;
};

// A test finds this one, and no other, in its own scope. Not for several threads that change it.
struct faults* faults_of_process(void);

#endif

// traits.h: what the suite expects of the backend it is linked with, beyond the contract that all of them keep.

#ifndef TESTS_TRAITS_H
#define TESTS_TRAITS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Traits {
    const char* name;     // the NAME of NAME_alloc.c
    size_t slowness;      // where a call is O(n) in the live or free blocks, counts are divided by this
    size_t small_kinds;   // the KINDS of small blocks with which it passes tests/contract/small_space.c; 0: it is not
                          // asked to
    size_t alignment;     // of every block, in bytes
    size_t memory_times;  // memory is at most so many times what is handed out
    bool zero;            // xmalloc(0) gives a block, and xrealloc(p, 0) frees p
    bool null;            // NULL is no block: xfree(NULL) does nothing, xrealloc(NULL, n) is xmalloc(n)
    bool shares_sizes;    // memory freed in blocks of one size serves any other size
    bool returns_memory;  // memory freed after a peak goes back to the system
    bool is_the_tools;    // under a tool, it is the tool's own allocator that answers
    bool course;          // only what the course promised its students is asked of it, and counts are smaller
} Traits;

// The backend under test. Written once, by know_backend, before any test starts.
extern Traits backend;

// Looks the backend up in the table of traits. A name that is not there is a backend nobody has described yet: it is
// given the counts of a slow one, and only what the contract promises is asked of it.
//
// Two names are no backends, but what the grader asks of a submission: "course-hw08", and "course" (of par). What was
// promised may follow after a comma each: "course,alignment=16,null=1,memory_times=3".
//
// traits: the name, with or without promises. Ends the process with one line for a promise that nobody knows.
void know_backend(const char* traits);

// True under valgrind, in the sanitizers' builds and in the checking build. They make everything 10 to 50 times slower
// (the checking build only the calls, so its counts stay), keep memory of their own, and need address space without
// limit: counts are smaller, and tests that measure memory or limit it are left out.
bool under_a_tool(void);

// How often to do something that a fast backend should do `count` times: fewer for a slow one, fewer under a tool.
// Result: at least 1. Thread safe.
size_t scaled(size_t count);

// The same for what is not slower in an O(n) backend: only tools lower the count.
size_t scaled_for_tool(size_t count);

#endif

// process.h: what the tests ask of the system: how much memory the process has, a limit on it, and threads.

#ifndef TESTS_PROCESS_H
#define TESTS_PROCESS_H

#include <stddef.h>

enum { KIB = 1024, MIB = 1024 * KIB };

// Bytes of address space that are mapped, and bytes of it that are in memory (/proc/self/statm). Neither allocates.
size_t mapped_bytes(void);
size_t resident_bytes(void);

// How much more the process has now than it had before, in bytes; 0 if it has less. Pages that were given up with
// MADV_FREE count as returned.
size_t mapped_since(size_t before);
size_t resident_since(size_t before);

// What is in memory, to the page: the numbers of statm may lag behind, by some pages for each processor. A walk through
// all pages. 0 where the kernel does not tell.
size_t exact_resident_bytes(void);

// The same, but what is above `most` is measured again until it is not, for a second at most: an allocator may give
// memory back in a thread of its own, which comes to it a moment later.
size_t mapped_at_rest(size_t before, size_t most);
size_t resident_at_rest(size_t before, size_t most);

// Tells whoever asked for it (TELL_GROWTH in the environment) how far the process has grown, and how far it may.
void tell_growth(size_t grown, size_t allowed);

// What a call that gave NULL may have met: "although there is memory"; or, where the process has nearly as many
// mappings as the kernel allows, that it has. To look allocates nothing. The text is good until this thread's next use
// of it.
const char* lack_of_memory(void);

// Only the latter, as "the process has ...: map larger pieces"; NULL where it has fewer.
const char* limit_of_mappings(void);

// Limits the address space of the process to what it has now and `more` bytes.
void limit_address_space(size_t more);

// Takes the limit back; does nothing if there is none.
void lift_address_space_limit(void);

// How many threads the process has now.
size_t thread_count(void);

// How many threads have done their work in run_threads and have not ended: what they do now is the allocator's.
size_t ending_threads(void);

enum { MOST_THREADS = 300 };

// How many threads this process may have beside this one, at most MOST_THREADS: a container may allow fewer.
size_t threads_allowed(void);

// Starts `count` threads (at most MOST_THREADS), lets them begin together, and waits until all have ended.
//
// work: called once in each thread with its index, 0 to count - 1.
void run_threads(size_t count, void (*work)(size_t index));

#endif

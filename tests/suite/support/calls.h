// calls.h: the three calls of the contract as the tests make them, and the words in which a test fails.
//
// Each thread remembers the call it is in or made last. So a failure can name the call with its values, also when the
// failure is a crash in the middle of it.

#ifndef TESTS_CALLS_H
#define TESTS_CALLS_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

// xmalloc, xrealloc and xfree, remembered. old_bytes is what the test knows to be the block's size, for the words only.
void* call_xmalloc(size_t bytes);
void* call_xrealloc(void* block, size_t old_bytes, size_t bytes);
void call_xfree(void* block, size_t old_bytes);

// The last of these calls by this thread, as in "xrealloc(0x7f0000001010 of 100 bytes, 4000)". The text is this
// thread's own, and good until its next use of this function.
const char* last_call(void);

// The same of any noted call.
struct noted_call;
const char* call_in_words(const struct noted_call* call);

// Ends the test as failed, with a message made as by printf. Any thread may call it; the first one is reported.
#define fail_test(...) ck_abort_msg("%s", failure_text(__VA_ARGS__))

// The calling thread is about to read or write this block: where it crashes there, the block is named.
void note_touch(const void* block, size_t bytes);

// For fail_test: the message, and the right to end the process, which only one thread ever gets. A limit on the address
// space is lifted, so that the report itself has memory.
const char* failure_text(const char* format, ...) __attribute__((format(printf, 1, 2)));

// From now on a crash writes one line that names the last call to standard error, and then takes its course.
void report_crashes(void);

// The suite's seed: every random choice of a run follows from it.
extern uint64_t suite_seed;

// The next of a sequence of random numbers (splitmix64: Steele, Lea and Flood 2014). state: set it to random_start().
uint64_t next_random(uint64_t* state);

// The start of a sequence of its own for each stream number, such as a thread's.
uint64_t random_start(uint64_t stream);

// A random number from low to high, both included.
size_t random_between(uint64_t* state, size_t low, size_t high);

#endif

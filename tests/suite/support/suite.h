// suite.h: the test cases of the suite. Each topic is a file of tests/suite with one maker; suite.c calls them all.
//
// To add a topic: write its file, declare its maker here, and name it in the list of suite.c.

#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stdbool.h>

// An empty test case with the suite's time limit for each test, which is larger under a tool.
TCase* new_case(const char* name);

// Adds a test to a topic; the second runs it once for each _i from first to before end. RUN_TEST=name in the
// environment leaves out all tests that have another name.
void add_test(TCase* topic, const TTest* test);
void add_loop_test(TCase* topic, const TTest* test, int first, int end);

// The same for a test that takes a right homework over half a second, or that only makes sense when the topics before
// hold: it comes after the other tests of all topics, for a student waits for the first failure.
void add_long_test(TCase* topic, const TTest* test);
void add_long_loop_test(TCase* topic, const TTest* test, int first, int end);

// Whether each test has a process of its own, which ends with it; false in a debugger.
bool tests_have_processes(void);

// Says on standard output that a topic cannot be tested here, if it is one that would be run.
void leave_out(const char* topic, const char* reason);

TCase* alignment_case(void);
TCase* overlap_case(void);
TCase* sizes_case(void);
TCase* resize_case(void);
TCase* huge_case(void);
void add_huge_sizes(TCase* topic);  // the same tests as the last ones of another topic
TCase* errno_case(void);
TCase* null_and_zero_case(void);
TCase* threads_case(void);
void add_threads_handing_over(TCase* topic);  // a part of it, in a file of its own
void add_threads_put_aside(TCase* topic);     // another one
TCase* thread_exit_case(void);
TCase* reuse_case(void);
void add_reuse_between_threads(TCase* topic);  // its second half, in a file of its own
void add_reuse_steady(TCase* topic);           // a third part
void add_reuse_put_aside(TCase* topic);        // a fourth one
TCase* out_of_memory_case(void);
TCase* peak_case(void);
TCase* memory_case(void);
TCase* shrink_case(void);
TCase* process_end_case(void);
TCase* mappings_case(void);
TCase* large_case(void);
TCase* small_space_case(void);
TCase* programs_case(void);

#endif

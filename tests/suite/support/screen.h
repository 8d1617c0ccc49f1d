// screen.h: what a student sees of a run: each failure at once, in a sentence, but at most two of a kind and four
// kinds; at the end how many more there were; and what the backend itself printed, cut to a few lines.

#ifndef TESTS_SCREEN_H
#define TESTS_SCREEN_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

// Before the first test, in the process that runs them all. From then on what a test or a backend prints is counted,
// and only its first lines are kept. On a terminal a line says how far the tests are.
//
// Result: false when that is not possible, and then all other functions here do nothing.
bool start_screen(const char* backend);
bool screen_is_on(void);

// In the process of each test: before it begins, now and then while it runs, and when it has failed. Only its first
// failure counts.
void screen_begins_test(void);
void screen_shows_progress(void);
void screen_tells_failure(const char* message);

// Ends what start_screen began. Tells what no test told itself, and how many more failed.
//
// results: of all tests, in the order in which they ran. Result: whether the backend printed anything.
bool end_screen(TestResult** results, int count);

#endif

// failure.h: the one way in which a program gives up.

#ifndef FAILURE_H
#define FAILURE_H

enum exit_status {
    EXIT_NO_ANSWER = 1,  // the search could not be finished: no memory, no threads, a number past 64 bits
    EXIT_USAGE = 2,      // the command line was wrong
};

// Names the program in later messages: the last part of its path. Call it first, from main.
void failure_names_program(const char* path);

// Prints "PROGRAM: MESSAGE" as one line on standard error and ends the whole process at once.
//
// status: the exit status. format, ...: as for printf, without the newline.
// May be called by several threads at the same time: one of them prints. Takes no memory from the heap.
_Noreturn void fail(enum exit_status status, const char* format, ...) __attribute__((format(printf, 2, 3)));

// fail() with the words for a heap that could not give `what`, e.g. "a cell".
_Noreturn void fail_no_memory(const char* what);

#endif

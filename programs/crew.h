// crew.h: threads that are started together and waited for together.

#ifndef CREW_H
#define CREW_H

// Runs work(context, k) for k from 0 to threads - 1, each in a thread of its own, and returns when all have returned.
//
// threads: 1 to THREADS_MOST.
// When a thread cannot be started the process ends with one line and EXIT_NO_ANSWER.
void crew_run(unsigned threads, void (*work)(void* context, unsigned which), void* context);

#endif

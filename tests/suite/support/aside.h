// aside.h: a thread that is put aside after any instruction of a call, while another one does something.
//
// The system may do that at any time, and hardly ever does it where it hurts: between a thread that has read the first
// block of a list and its compare-and-swap there are three instructions. So nothing is left to chance here. The thread
// goes step by step (the trap flag of x86-64); when its turn has come, the signal handler that each step calls waits
// for the other one. Where that waits for the first thread, as for a lock that it holds, it goes on, and nothing is
// proved.

#ifndef TESTS_SUITE_SUPPORT_ASIDE_H
#define TESTS_SUITE_SUPPORT_ASIDE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#if defined __x86_64__ && defined __linux__
#define CAN_PUT_ASIDE 1
#else
#define CAN_PUT_ASIDE 0
#endif

// Longer calls are put aside after their first instructions only.
enum { MOST_STEPS = 200 };

// Another thread, which does what it is told. All zero at first.
typedef struct Other {
    sem_t begins;
    sem_t ends;
    void (*work)(void);  // NULL: it may end
    atomic_long id;
    clockid_t cpu;
} Other;

// Before the threads start.
void make_other(Other* other);

// What a thread of run_threads does to be the other one, until it is told to end.
void serve_as_other(Other* other);

void let_end(Other* other);

// Lets the other one work, and waits until it has.
void let_work(Other* other, void (*work)(void));

// Whether this thread can go step by step. Not every machine can, nor every emulator. To be asked first.
bool can_be_put_aside(void);

typedef struct Aside {
    size_t steps;         // of the call, at most those up to where it was put aside
    bool was_waited_for;  // the other has not come to its end meanwhile, or the call was over before
} Aside;

// Makes the call step by step, and puts this thread aside after so many, while the other one works. When this returns,
// both are over.
Aside put_aside(size_t after, void (*call)(void), Other* other, void (*work)(void));

// The same, and puts it aside before that, too, after `first` steps: the other one works twice in any case.
Aside put_aside_twice(size_t first, size_t after, void (*call)(void), Other* other, void (*work)(void));

#endif

// locks.h: which locks a backend takes, by their addresses.
//
// In one object, the backend's, the names of all calls that take a lock are changed to those of locks.c (locks.syms,
// with objcopy), so that nobody else's locks are counted. A lock made by hand, of atomic operations, cannot be seen.

#ifndef TESTS_CONTRACT_LOCKS_H
#define TESTS_CONTRACT_LOCKS_H

#include <stdbool.h>
#include <stddef.h>

enum { MOST_LOCKS = 64 };

typedef struct LockUse {
    const char* call;     // the call that took it first
    const void* address;  // NULL: no more locks
    size_t times;
} LockUse;

// Calls are noted only while this is on. Not while other threads run.
void note_locks(bool on);

// uses: receives a row for each lock, in no order; the rows after the last are zero. While other threads run a row may
// be new and have no call yet.
void read_locks(LockUse uses[MOST_LOCKS]);

#endif

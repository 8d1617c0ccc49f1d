// confine.h: what a program that nobody trusts may not ask of the kernel, whatever user and namespace it runs in, and
// how the launcher keeps its hands off the launcher.

#ifndef MEASURE_CONFINE_H
#define MEASURE_CONFINE_H

#include <stdbool.h>

// Nobody of the same user may look into this process any more: neither trace it nor take its files or its memory.
// Holds until the next exec, also in children.
void guard_this_process(void);

// For a forked child of a process that may be guarded: makes its own /proc/self usable again.
void unguard_this_process(void);

// From here on this process and all that it starts have no capabilities, gain no rights by exec, and have no access to
// networks, to the memory of other processes, to limits of other processes, to new namespaces and to memory that
// outlives a process. Threads, forks, files and signals stay. Result: false, with errno, when the kernel has no such
// filter.
bool confine_this_process(void);

#endif

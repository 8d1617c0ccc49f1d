// descendants.h: the processes below this one, seen through /proc.
//
// A process that called prctl(PR_SET_CHILD_SUBREAPER) becomes the parent of every descendant whose own parent ends. So
// whatever a program does (fork twice, setsid, become a daemon), its processes stay below the launcher, and when the
// launcher has no child left, none of them is.
//
// Needs Linux with /proc/PID/task/TID/children. Not thread-safe: for a process with one thread.

#ifndef MEASURE_DESCENDANTS_H
#define MEASURE_DESCENDANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// Calls visit(pid) for every process below this one, parents first, as it finds them. Processes come and go meanwhile,
// so a walk may miss one that was just born and may name one that has just ended.
//
// Result: how many it found; at most 4,096 are looked at in one walk.
size_t descendants_visit(void (*visit)(pid_t pid));

// How many processes live below this one, as descendants_visit sees them. threads: how many threads these have in all.
size_t descendants_count(size_t* threads);

// What the threads of all of them do: somebody_runs when one runs, wants to, or waits for a page or the disk (or when
// there is no process); ticks of the system's clock (sysconf(_SC_CLK_TCK) a second) that they have used up to now.
struct activity {
    bool somebody_runs;
    unsigned long ticks;
};
struct activity descendants_activity(void);

// Sends SIGKILL to every process below this one. Those born meanwhile are missed: call it until waiting for children
// says that there is none.
void descendants_kill(void);

#endif

// user.h: the unprivileged user of one job. Root may give each job a user of its own; then nothing that the job starts
// can signal or trace the launcher, the kernel counts its threads (RLIMIT_NPROC), and all its processes can be found by
// their user at the end, also those that were lost from sight.

#ifndef MEASURE_USER_H
#define MEASURE_USER_H

#include <stdbool.h>
#include <sys/types.h>

// Gives up root for good: user and group become this number, further groups none. Result: false, with errno, when that
// is impossible. Clears what PR_SET_PDEATHSIG has set.
bool become_user(uid_t user);

// Sends SIGKILL to every process of this user, for root. The user one above must belong to nobody.
void kill_processes_of(uid_t user);

#endif

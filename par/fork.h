// fork.h: for other locks that a fork must find free.

#ifndef PAR_FORK_H
#define PAR_FORK_H

#include <stdbool.h>

// Whether this process has one thread. Then nobody else holds a lock; but a signal handler may fork while the thread
// itself does, and would wait for ever.
bool fork_is_of_one_thread(void);

#endif

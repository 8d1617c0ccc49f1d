// fork_lock.h: a lock of a layer before par, for its fork handlers. A child has one thread, and must find it as that
// thread has it.

#ifndef INTERPOSE_FORK_LOCK_H
#define INTERPOSE_FORK_LOCK_H

#include <pthread.h>

#include "par/fork.h"

static int forks_of_one_thread;  // that have begun

static void fork_takes(pthread_mutex_t* lock) {
    if (fork_is_of_one_thread()) {
        forks_of_one_thread++;
    } else {
        pthread_mutex_lock(lock);
    }
}

static void fork_gives(pthread_mutex_t* lock) {
    if (forks_of_one_thread > 0) {
        forks_of_one_thread--;
    } else {
        pthread_mutex_unlock(lock);
    }
}

#endif

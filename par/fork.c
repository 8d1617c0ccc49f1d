// fork.c: a child of fork(2) has one thread. It must be able to allocate even if another thread of the parent held a
// lock at the fork.
//
// tests/models/fork.pml proves it for before_fork and after_fork. So the forking thread takes every lock first, in the
// order in which they nest: caches, depots, regions, large, extents, metadata.
//
// Handlers of other libraries that run between these two may allocate; lock.h lets this thread through. (Ours are the
// first to be registered where the dynamic linker allows it. Before glibc 2.34 it does not.)
//
// While the process has one thread, nobody else can hold a lock, and none is taken. Its own signal handler may fork
// then, also in the middle of a call; the child has what the thread had, and ends the call like the parent does.
//
// One deadlock is left, which every malloc outside of the C library has: fork(2) takes the lock of stdio's list of
// streams after these handlers. A thread in fflush(NULL) holds that lock and may allocate meanwhile (for a stream of
// open_memstream(3)).

#include "par/fork.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

#include "par/cache.h"
#include "par/depot.h"
#include "par/extent.h"
#include "par/large.h"
#include "par/lock.h"
#include "par/metadata.h"
#include "par/region.h"

_Thread_local bool lock_all_are_mine __attribute__((tls_model("initial-exec")));

// The C library's own, where it has one (glibc since 2.32, not musl): whether there has never been a second thread, or
// none is left.
extern char __libc_single_threaded __attribute__((weak));

static int forks_of_one_thread;  // that have begun; only one thread counts here

// Where the C library does not say so, the system knows: a folder's links are its subfolders and two.
bool fork_is_of_one_thread(void) {
    if (&__libc_single_threaded != NULL) return __libc_single_threaded != 0;
    int kept_errno = errno;
    struct stat tasks;
    bool is_single = stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink == 2 + 1;
    errno = kept_errno;
    return is_single;
}

static void before_fork(void) {
    if (fork_is_of_one_thread()) {
        forks_of_one_thread++;
        return;
    }
    cache_lock();
    depot_lock_all();
    region_lock();
    large_lock();
    extent_lock();
    metadata_lock();
    lock_all_are_mine = true;
}

static void after_fork(void) {
    if (forks_of_one_thread > 0) {
        forks_of_one_thread--;
        return;
    }
    lock_all_are_mine = false;
    metadata_unlock();
    extent_unlock();
    large_unlock();
    region_unlock();
    depot_unlock_all();
    cache_unlock();
}

static void after_fork_in_child(void) {
    after_fork();
    cache_is_alone();
    depot_is_forked();
}

// Early, because handlers run before a fork in the reverse order of their registration: those of the program may
// allocate.
__attribute__((constructor(101))) static void fork_set_up(void) {
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

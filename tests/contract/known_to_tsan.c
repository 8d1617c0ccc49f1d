// known_to_tsan.c: calls that ThreadSanitizer does not know, made of such as it knows.
//
// ThreadSanitizer of GCC 12 sees a lock only where the program calls a function of its list. A lock that is taken by
// another one, such as pthread_mutex_clocklock or mtx_lock, is none to it, and it reports races of code that has none.
// So these functions stand in front of the C library's, in binaries for ThreadSanitizer alone. Each does what the C
// library's does: the locks of C11 are those of pthreads there, under other names.

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <threads.h>
#include <time.h>

// ---- Memory ---------------------------------------------------------------------------------------------------------

// Of mremap(2) it would take what a block's new pages were used for before, by another
// thread, for a race. It knows the calls of which this one is made up here.
void* mremap(void* old, size_t old_bytes, size_t new_bytes, int flags, ...) {
    va_list more;
    va_start(more, flags);
    void* wanted = (flags & MREMAP_FIXED) != 0 ? va_arg(more, void*) : NULL;
    va_end(more);
    if (wanted == NULL && new_bytes <= old_bytes) {
        if (new_bytes < old_bytes) munmap((char*)old + new_bytes, old_bytes - new_bytes);
        return old;
    }
    if ((flags & MREMAP_MAYMOVE) == 0) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    int place = MAP_PRIVATE | MAP_ANONYMOUS | (wanted == NULL ? 0 : MAP_FIXED);
    void* moved = mmap(wanted, new_bytes, PROT_READ | PROT_WRITE, place, -1, 0);
    if (moved == MAP_FAILED) return moved;
    memcpy(moved, old, old_bytes < new_bytes ? old_bytes : new_bytes);
    munmap(old, old_bytes);
    return moved;
}

// ---- Locks with a deadline by another clock -------------------------------------------------------------------------

enum { NS_PER_S = 1000000000 };

// The same moment by CLOCK_REALTIME, by which the known calls go. A deadline that is no time stays none: whether that
// matters, the call knows.
static struct timespec by_realtime(clockid_t clock, const struct timespec* deadline) {
    if (clock == CLOCK_REALTIME || deadline->tv_nsec < 0 || deadline->tv_nsec >= NS_PER_S) return *deadline;
    struct timespec here, there;
    clock_gettime(clock, &here);
    clock_gettime(CLOCK_REALTIME, &there);
    struct timespec moment = {deadline->tv_sec - here.tv_sec + there.tv_sec,
                              deadline->tv_nsec - here.tv_nsec + there.tv_nsec};
    while (moment.tv_nsec < 0) moment.tv_nsec += NS_PER_S, moment.tv_sec--;
    while (moment.tv_nsec >= NS_PER_S) moment.tv_nsec -= NS_PER_S, moment.tv_sec++;
    return moment;
}

static int is_known(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC; }

int pthread_mutex_clocklock(pthread_mutex_t* lock, clockid_t clock, const struct timespec* deadline) {
    if (!is_known(clock)) return EINVAL;
    struct timespec moment = by_realtime(clock, deadline);
    return pthread_mutex_timedlock(lock, &moment);
}

int pthread_rwlock_clockrdlock(pthread_rwlock_t* lock, clockid_t clock, const struct timespec* deadline) {
    if (!is_known(clock)) return EINVAL;
    struct timespec moment = by_realtime(clock, deadline);
    return pthread_rwlock_timedrdlock(lock, &moment);
}

int pthread_rwlock_clockwrlock(pthread_rwlock_t* lock, clockid_t clock, const struct timespec* deadline) {
    if (!is_known(clock)) return EINVAL;
    struct timespec moment = by_realtime(clock, deadline);
    return pthread_rwlock_timedwrlock(lock, &moment);
}

int sem_clockwait(sem_t* semaphore, clockid_t clock, const struct timespec* deadline) {
    if (!is_known(clock)) {
        errno = EINVAL;
        return -1;
    }
    struct timespec moment = by_realtime(clock, deadline);
    return sem_timedwait(semaphore, &moment);
}

// ---- Locks of C11 ---------------------------------------------------------------------------------------------------

// What a call of pthreads gave, as those of C11 say it.
static int in_c11(int error) {
    if (error == EBUSY) return thrd_busy;
    if (error == ETIMEDOUT) return thrd_timedout;
    if (error == ENOMEM) return thrd_nomem;
    return error == 0 ? thrd_success : thrd_error;
}

static pthread_mutex_t* mutex_of(mtx_t* lock) { return (pthread_mutex_t*)lock; }
static pthread_cond_t* condition_of(cnd_t* condition) { return (pthread_cond_t*)condition; }

int mtx_lock(mtx_t* lock) { return in_c11(pthread_mutex_lock(mutex_of(lock))); }
int mtx_trylock(mtx_t* lock) { return in_c11(pthread_mutex_trylock(mutex_of(lock))); }
int mtx_unlock(mtx_t* lock) { return in_c11(pthread_mutex_unlock(mutex_of(lock))); }

int mtx_timedlock(mtx_t* lock, const struct timespec* deadline) {
    return in_c11(pthread_mutex_timedlock(mutex_of(lock), deadline));
}

int cnd_wait(cnd_t* condition, mtx_t* lock) {
    return in_c11(pthread_cond_wait(condition_of(condition), mutex_of(lock)));
}

int cnd_timedwait(cnd_t* condition, mtx_t* lock, const struct timespec* deadline) {
    return in_c11(pthread_cond_timedwait(condition_of(condition), mutex_of(lock), deadline));
}

int cnd_signal(cnd_t* condition) { return in_c11(pthread_cond_signal(condition_of(condition))); }
int cnd_broadcast(cnd_t* condition) { return in_c11(pthread_cond_broadcast(condition_of(condition))); }

void call_once(once_flag* flag, void (*begin)(void)) { pthread_once((pthread_once_t*)flag, begin); }

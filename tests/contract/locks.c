// locks.c: every call that takes a lock, with a note of the lock's address. See locks.h.
//
// A try counts as well, whether it succeeds or not: what is asked is how many locks there are.

#include "tests/contract/locks.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <threads.h>
#include <time.h>

static struct {
    _Atomic(const void*) address;
    _Atomic(const char*) call;
    atomic_size_t times;
} table[MOST_LOCKS];

static bool noting;

void note_locks(bool on) { noting = on; }

void read_locks(LockUse uses[MOST_LOCKS]) {
    for (size_t i = 0; i < MOST_LOCKS; i++) {
        uses[i] = (LockUse){.call = table[i].call, .address = table[i].address, .times = table[i].times};
    }
}

// Takes no lock and no memory. What does not fit into the table is not noted: it holds more than enough.
static void note(const char* call, const void* address) {
    if (!noting) return;
    for (size_t i = 0; i < MOST_LOCKS; i++) {
        const void* found = NULL;
        bool is_new = atomic_compare_exchange_strong(&table[i].address, &found, address);
        if (!is_new && found != address) continue;
        if (is_new) table[i].call = call;
        table[i].times++;
        return;
    }
}

// The names are only used by what objcopy has changed.
int counted_pthread_mutex_lock(pthread_mutex_t* lock);
int counted_pthread_mutex_trylock(pthread_mutex_t* lock);
int counted_pthread_mutex_timedlock(pthread_mutex_t* lock, const struct timespec* until);
int counted_pthread_mutex_clocklock(pthread_mutex_t* lock, clockid_t clock, const struct timespec* until);
int counted_pthread_spin_lock(pthread_spinlock_t* lock);
int counted_pthread_spin_trylock(pthread_spinlock_t* lock);
int counted_pthread_rwlock_rdlock(pthread_rwlock_t* lock);
int counted_pthread_rwlock_wrlock(pthread_rwlock_t* lock);
int counted_pthread_rwlock_tryrdlock(pthread_rwlock_t* lock);
int counted_pthread_rwlock_trywrlock(pthread_rwlock_t* lock);
int counted_pthread_rwlock_timedrdlock(pthread_rwlock_t* lock, const struct timespec* until);
int counted_pthread_rwlock_timedwrlock(pthread_rwlock_t* lock, const struct timespec* until);
int counted_sem_wait(sem_t* semaphore);
int counted_sem_trywait(sem_t* semaphore);
int counted_sem_timedwait(sem_t* semaphore, const struct timespec* until);
int counted_mtx_lock(mtx_t* lock);
int counted_mtx_trylock(mtx_t* lock);
int counted_mtx_timedlock(mtx_t* lock, const struct timespec* until);

int counted_pthread_mutex_lock(pthread_mutex_t* lock) {
    note("pthread_mutex_lock", lock);
    return pthread_mutex_lock(lock);
}

int counted_pthread_mutex_trylock(pthread_mutex_t* lock) {
    note("pthread_mutex_trylock", lock);
    return pthread_mutex_trylock(lock);
}

int counted_pthread_mutex_timedlock(pthread_mutex_t* lock, const struct timespec* until) {
    note("pthread_mutex_timedlock", lock);
    return pthread_mutex_timedlock(lock, until);
}

int counted_pthread_mutex_clocklock(pthread_mutex_t* lock, clockid_t clock, const struct timespec* until) {
    note("pthread_mutex_clocklock", lock);
    return pthread_mutex_clocklock(lock, clock, until);
}

int counted_pthread_spin_lock(pthread_spinlock_t* lock) {
    note("pthread_spin_lock", (const void*)lock);
    return pthread_spin_lock(lock);
}

int counted_pthread_spin_trylock(pthread_spinlock_t* lock) {
    note("pthread_spin_trylock", (const void*)lock);
    return pthread_spin_trylock(lock);
}

int counted_pthread_rwlock_rdlock(pthread_rwlock_t* lock) {
    note("pthread_rwlock_rdlock", lock);
    return pthread_rwlock_rdlock(lock);
}

int counted_pthread_rwlock_wrlock(pthread_rwlock_t* lock) {
    note("pthread_rwlock_wrlock", lock);
    return pthread_rwlock_wrlock(lock);
}

int counted_pthread_rwlock_tryrdlock(pthread_rwlock_t* lock) {
    note("pthread_rwlock_tryrdlock", lock);
    return pthread_rwlock_tryrdlock(lock);
}

int counted_pthread_rwlock_trywrlock(pthread_rwlock_t* lock) {
    note("pthread_rwlock_trywrlock", lock);
    return pthread_rwlock_trywrlock(lock);
}

int counted_pthread_rwlock_timedrdlock(pthread_rwlock_t* lock, const struct timespec* until) {
    note("pthread_rwlock_timedrdlock", lock);
    return pthread_rwlock_timedrdlock(lock, until);
}

int counted_pthread_rwlock_timedwrlock(pthread_rwlock_t* lock, const struct timespec* until) {
    note("pthread_rwlock_timedwrlock", lock);
    return pthread_rwlock_timedwrlock(lock, until);
}

int counted_sem_wait(sem_t* semaphore) {
    note("sem_wait", semaphore);
    return sem_wait(semaphore);
}

int counted_sem_trywait(sem_t* semaphore) {
    note("sem_trywait", semaphore);
    return sem_trywait(semaphore);
}

int counted_sem_timedwait(sem_t* semaphore, const struct timespec* until) {
    note("sem_timedwait", semaphore);
    return sem_timedwait(semaphore, until);
}

int counted_mtx_lock(mtx_t* lock) {
    note("mtx_lock", lock);
    return mtx_lock(lock);
}

int counted_mtx_trylock(mtx_t* lock) {
    note("mtx_trylock", lock);
    return mtx_trylock(lock);
}

int counted_mtx_timedlock(mtx_t* lock, const struct timespec* until) {
    note("mtx_timedlock", lock);
    return mtx_timedlock(lock, until);
}

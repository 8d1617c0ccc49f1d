// reserve.h: a reserve of address space that is taken before main, for the backends that have one.

#ifndef TESTS_BROKEN_RESERVE_H
#define TESTS_BROKEN_RESERVE_H

#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/types.h>

static struct {
    pthread_mutex_t lock;
    char* next;
    char* end;
} reserve = {.lock = PTHREAD_MUTEX_INITIALIZER};

__attribute__((unused)) static void* map_bare(size_t bytes) {
    return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

__attribute__((unused)) static void make_reserve(size_t bytes) {
    char* start = map_bare(bytes);
    if (start == MAP_FAILED) return;
    reserve.next = start;
    reserve.end = start + bytes;
}

// What mmap gives; MAP_FAILED when the reserve is used up, or there is none.
static void* map_reserved(size_t bytes) {
    void* piece = MAP_FAILED;
    pthread_mutex_lock(&reserve.lock);
    if (reserve.next != NULL && bytes <= (size_t)(reserve.end - reserve.next)) {
        piece = reserve.next;
        reserve.next += bytes;
    }
    pthread_mutex_unlock(&reserve.lock);
    return piece;
}

#endif

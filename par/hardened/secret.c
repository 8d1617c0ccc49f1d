// secret.c: see secret.h.

#include "par/hardened/secret.h"

#include <errno.h>
#include <linux/random.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct secrets secrets;

// Also where the system has no random numbers yet: then addresses and the time must do. Not by getrandom(3): there a
// thread may be cancelled, in the middle of a call.
static void draw(void* place, size_t bytes) {
    int kept_errno = errno;
    if (syscall(SYS_getrandom, place, bytes, GRND_NONBLOCK) == (long)bytes) return;
    errno = kept_errno;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t mixed = (uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)&now ^ (uint64_t)(uintptr_t)draw << 20;
    for (size_t i = 0; i + sizeof mixed <= bytes; i += sizeof mixed) {
        mixed = mixed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy((char*)place + i, &mixed, sizeof mixed);
    }
}

void secrets_draw(void) {
    draw(&secrets, sizeof secrets - sizeof secrets.rest);
    secrets.odd |= 1;
    mprotect(&secrets, sizeof secrets, PROT_READ);
}

uint64_t secrets_random(void) {
    static _Thread_local uint64_t state;
    if (state == 0) draw(&state, sizeof state);
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return state ^ state >> 29;
}

static bool set_rights(void* start, uint64_t bytes, int rights) {
    int kept_errno = errno;
    bool are_set = mprotect(start, bytes, rights) == 0;
    errno = kept_errno;
    return are_set;
}

void guard(void* start, uint64_t bytes) { (void)set_rights(start, bytes, PROT_NONE); }

bool unguard(void* start, uint64_t bytes) { return set_rights(start, bytes, PROT_READ | PROT_WRITE); }

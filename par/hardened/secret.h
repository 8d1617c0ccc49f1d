// secret.h: the numbers that nobody outside shall know.

#ifndef PAR_HARDENED_SECRET_H
#define PAR_HARDENED_SECRET_H

#include <stdbool.h>
#include <stdint.h>

// Bits that are never set in the address of a block: the upper ones of user space, and those that alignment leaves out.
#define NO_LINK_BITS UINT64_C(0xffff00000000000f)

// Drawn once, before any block is handed out, and from then on read-only: in a page of their own.
struct secrets {
    _Alignas(4096) uint64_t link;
    uint64_t canary;
    uint64_t odd;
    char rest[4096 - 3 * sizeof(uint64_t)];
};

extern struct secrets secrets;

void secrets_draw(void);

// A random number, quickly; for order and choice. A stream of each thread's own.
uint64_t secrets_random(void);

// Makes pages such that any touch ends the process. Nothing happens where the system refuses.
void guard(void* start, uint64_t bytes);

// Makes them plain again. Result: false where the system refuses, for they count as data then (RLIMIT_DATA).
bool unguard(void* start, uint64_t bytes);

#endif

// quarantine.h: freed blocks wait here before their memory can be handed out again, so that a use after free meets no
// next owner, and a second free is seen. Each thread has some places; a freed block takes one at random, and the block
// that was there goes on. So nobody can tell when a block comes back.

#ifndef PAR_HARDENED_QUARANTINE_H
#define PAR_HARDENED_QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QUARANTINE_PLACES = 32,           // of blocks up to
    QUARANTINE_SHORT_BYTES = 1024,    // these, and
    QUARANTINE_LONG_PLACES = 4,       // of larger ones, up to
    QUARANTINE_LONG_BYTES = 16 << 10  // these: 96 KiB in all. Others do not wait.
};

struct quarantine {
    bool has_begun;  // random is a secret, and the thread's end is awaited
    uint64_t random;
    char* places[QUARANTINE_PLACES];
    char* long_places[QUARANTINE_LONG_PLACES];
};

#endif

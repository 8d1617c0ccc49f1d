// sequence.h: sequences of calls, and a player that makes them on the heap under test and on the model.
//
// An operation is 64 bits and needs no other to make sense: it names a slot of the player, and what to do if the slot
// is empty and what if it holds a block. So every part of a sequence is a sequence, which is what shrinking and
// libFuzzer need. A random sequence is a function of a seed, a thread and an index, so it is never stored.

#ifndef TORTURE_SEQUENCE_H
#define TORTURE_SEQUENCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/torture/model.h"

enum { SLOTS_MOST = 4096, MAILBOXES = 64 };

// What a sequence is like. Different episodes of a test have different ones, because a mix of everything has too little
// of anything.
struct profile {
    size_t slots;            // 1 to SLOTS_MOST
    uint8_t size_shares[6];  // of 16: up to 64 bytes, to 1 KiB, to 64 KiB, next to a limit, to 2 MiB, to 16 MiB
    uint8_t give_share;      // of 256 operations on a block: give it back,
    uint8_t resize_share;    // resize it,
    uint8_t pass_share;      // pass it to another thread; the rest look at it
    size_t live_bytes_most;  // of one player; above it only short blocks are taken
};

struct profile profile_of(uint64_t seed);

// The operation of a random sequence.
uint64_t operation_at(uint64_t seed, size_t thread, size_t index);

// Where players leave blocks for each other. Zeros are empty.
struct mailbox {
    atomic_int state;
    struct block block;
};

struct player {
    const struct profile* profile;
    struct mailbox* mailboxes;  // MAILBOXES of them, shared by all players
    size_t thread;              // for the trace
    bool traces;                // print every call, as C
    bool (*excuses)(void);      // whether a call may say now that there is no memory; NULL: never
    size_t live_bytes;
    size_t refusals;  // calls that found no memory
    struct block blocks[SLOTS_MOST];
};

void player_play(struct player* player, uint64_t operation);

// Gives every block back.
void player_end(struct player* player);

// Gives back what nobody took out of the mailboxes.
void mailboxes_empty(struct player* player);

#endif

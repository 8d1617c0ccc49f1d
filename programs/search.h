// search.h: the search that ivec and list share, over sequences of either kind.
//
// A few thousand numbers are in work at a time, each in a slot. Threads go round the slots; one that finds a slot open
// claims it, takes its sequence one stride further and opens it again, so a sequence passes through many hands and most
// blocks are freed by another thread than the one that took them. A sequence that has reached 1 is kept until the end,
// and its slot goes on with the next number.

#ifndef SEARCH_H
#define SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "programs/options.h"

enum {
    STRIDE_ELEMENTS = 50,           // a sequence grows by at most so much before it changes hands
    SLOTS_MOST = 4 * THREADS_MOST,  // numbers in work at a time: enough for every thread to find an open one
};

// What the search must know of a kind of sequence. A function that finds no memory does not return (fail_no_memory).
struct sequence_kind {
    void* (*start)(uint64_t number);      // a sequence of that number alone
    void* (*copy)(const void* sequence);  // another with the same elements
    void (*append)(void* sequence, uint64_t number);
    uint64_t (*last)(const void* sequence);
    uint64_t (*length)(const void* sequence);
    uint64_t (*digest)(const void* sequence, uint64_t start);  // digest_add of every element, from this start
    void (*release)(void* sequence);
};

// Searches all numbers below options.top and prints the answer. Ends the process when it cannot.
void search(const struct sequence_kind* kind, struct options options);

#endif

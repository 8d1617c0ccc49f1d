// probe.h: what the probes of the ladder have in common. Each asks one question of the backend that it is linked with,
// and prints its answer as lines of a name and a number, which ladder/claims reads.

#ifndef LADDER_PROBE_H
#define LADDER_PROBE_H

#include <stddef.h>
#include <stdint.h>

typedef struct Probe {
    const char* name;      // as on the command line
    const char* question;  // one sentence
    unsigned arguments;    // how many numbers it wants
    void (*run)(const size_t* arguments);
} Probe;

// ---- probe_memory.c: what the blocks take beyond what was asked for
extern const Probe probe_overhead, probe_first, probe_holes, probe_stuck, probe_after;
// ---- probe_locality.c: where the blocks lie
extern const Probe probe_row, probe_pair, probe_shared_lines, probe_neighbours;
// ---- probe_steps.c: what a call waits for
extern const Probe probe_steps, probe_hands;
// ---- probe_advice.c: what madvise(2) does here, whatever the backend
extern const Probe probe_advice;

// Takes a block and writes to all of it. Ends the process when there is none.
void* probe_take(size_t bytes);

// Prints one line of the answer.
void probe_answer(const char* name, double number);

// The monotonic clock, in nanoseconds.
double probe_now_ns(void);

// Bytes of address space of this process, and of anonymous memory that is real. Both are exact, and take a moment.
size_t probe_mapped(void);
size_t probe_resident(void);

// The number in KiB behind this name in a file of /proc, in bytes; 0 if it is not there.
size_t probe_proc_bytes(const char* path, const char* name);

// Sorts pointers by address.
void probe_sort(void** blocks, size_t count);

// A number from low to high, the same in every run (a linear congruential generator; see Knuth, volume 2). *state may
// begin as anything.
size_t probe_random(uint64_t* state, size_t low, size_t high);

#endif

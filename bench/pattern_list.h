// pattern_list.h: the patterns that there are, for bench/patterns.c. A new one is a line here and one in its table.

#ifndef BENCH_PATTERN_LIST_H
#define BENCH_PATTERN_LIST_H

#include "bench/pattern.h"

// ---- pattern_slots.c: threads that each replace random blocks among their own
extern const struct pattern pattern_pairs, pattern_requests, pattern_small, pattern_medium, pattern_crowd;
// ---- pattern_order.c: the order in which blocks die
extern const struct pattern pattern_lifo, pattern_fifo, pattern_again, pattern_fragments;
// ---- pattern_handover.c: blocks that another thread frees
extern const struct pattern pattern_pipeline, pattern_exchange, pattern_churn;
// ---- pattern_bytes.c: blocks whose bytes cost more than the calls
extern const struct pattern pattern_vectors, pattern_large, pattern_neighbours;
// ---- pattern_waves.c: heaps whose size goes up and down
extern const struct pattern pattern_breathing, pattern_tiles, pattern_buffers;
// ---- pattern_start.c
extern const struct pattern pattern_start;

// What `patterns start` runs again and again: takes ten blocks. Result: 0, the exit status.
int pattern_start_once(void);

#endif

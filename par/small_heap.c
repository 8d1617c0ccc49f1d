// small_heap.c: see small_heap.h.

#include "par/small_heap.h"

atomic_size_t small_heap_has_grown;

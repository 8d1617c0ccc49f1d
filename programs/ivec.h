// ivec.h: a vector of numbers whose capacity doubles by xrealloc.

#ifndef IVEC_H
#define IVEC_H

#include <stddef.h>
#include <stdint.h>

struct ivec {
    uint64_t* elements;
    size_t length;
    size_t capacity;  // in elements; length or more
};

// Makes an empty vector. Out of memory ends the process (fail_no_memory), here and in ivec_append.
struct ivec* ivec_make(void);

// Appends one element, in O(1) on average.
void ivec_append(struct ivec* vector, uint64_t element);

// Frees the vector and its elements.
void ivec_release(struct ivec* vector);

#endif

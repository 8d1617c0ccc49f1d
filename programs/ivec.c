// ivec.c: see ivec.h.

#include "programs/ivec.h"

#include "programs/failure.h"
#include "xmalloc.h"

enum { FIRST_CAPACITY = 2 };

struct ivec* ivec_make(void) {
    struct ivec* vector = xmalloc(sizeof(struct ivec));
    if (vector == NULL) fail_no_memory("a vector");
    *vector = (struct ivec){0};
    return vector;
}

void ivec_append(struct ivec* vector, uint64_t element) {
    if (vector->length == vector->capacity) {
        size_t capacity = vector->capacity == 0 ? FIRST_CAPACITY : 2 * vector->capacity;
        uint64_t* elements = xrealloc(vector->elements, capacity * sizeof(uint64_t));
        if (elements == NULL) fail_no_memory("a longer vector");
        vector->elements = elements;
        vector->capacity = capacity;
    }
    vector->elements[vector->length++] = element;
}

void ivec_release(struct ivec* vector) {
    xfree(vector->elements);
    xfree(vector);
}

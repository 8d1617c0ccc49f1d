// ivec.c: see ivec.h. No program passes NULL to xrealloc or xfree, or asks for 0 bytes: the course promised neither.

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
        size_t bytes = capacity * sizeof(uint64_t);
        uint64_t* elements = vector->elements == NULL ? xmalloc(bytes) : xrealloc(vector->elements, bytes);
        if (elements == NULL) fail_no_memory("a longer vector");
        vector->elements = elements;
        vector->capacity = capacity;
    }
    vector->elements[vector->length++] = element;
}

void ivec_release(struct ivec* vector) {
    if (vector->elements != NULL) xfree(vector->elements);
    xfree(vector);
}

// calls_malloc.c: see calls.h. The malloc family of the process, whoever provides it.

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/torture/calls.h"

enum { CONTRACT_ALIGNMENT = 16 };

// Where libpar is linked into the program and not preloaded, as for mutants, it can check itself.
__attribute__((weak)) void par_check(void);

// The product of the two is `bytes`, or does not fit into a size_t when bytes are beyond all memory.
struct array {
    size_t count;
    size_t each;
};

static struct array as_product(size_t bytes) {
    if (bytes > PTRDIFF_MAX) return (struct array){SIZE_MAX / 2, 3};
    return bytes % 2 == 0 ? (struct array){bytes / 2, 2} : (struct array){1, bytes};
}

void* calls_take(enum take how, size_t alignment, size_t bytes) {
    struct array array = as_product(bytes);
    void* block = NULL;
    switch (how) {
        case TAKE_PLAIN:
            return malloc(bytes);
        case TAKE_ZEROS:
            return calloc(array.count, array.each);
        case TAKE_ALIGNED:
            return aligned_alloc(alignment, bytes);
        case TAKE_MEMALIGN:
            return memalign(alignment, bytes);
        case TAKE_POSIX: {
            int error = posix_memalign(&block, alignment, bytes);
            if (error != 0) errno = error;  // it says so in its result, and the others in errno
            return error == 0 ? block : NULL;
        }
    }
    return NULL;
}

void* calls_resize(void* block, size_t bytes, bool as_array) {
    struct array array = as_product(bytes);
    return as_array ? reallocarray(block, array.count, array.each) : realloc(block, bytes);
}

void calls_give(void* block) { free(block); }

size_t calls_usable(void* block, size_t bytes) {
    (void)bytes;
    return malloc_usable_size(block);
}

bool calls_promise_zeros(enum take how) { return how == TAKE_ZEROS; }

size_t calls_promise_alignment(enum take how, size_t alignment) {
    return how == TAKE_PLAIN || how == TAKE_ZEROS || alignment < CONTRACT_ALIGNMENT ? CONTRACT_ALIGNMENT : alignment;
}

void calls_print_take(char* text, size_t length, enum take how, size_t alignment, size_t bytes) {
    struct array array = as_product(bytes);
    switch (how) {
        case TAKE_PLAIN:
            snprintf(text, length, "malloc(%zu)", bytes);
            return;
        case TAKE_ZEROS:
            snprintf(text, length, "calloc(%zu, %zu)", array.count, array.each);
            return;
        case TAKE_ALIGNED:
            snprintf(text, length, "aligned_alloc(%zu, %zu)", alignment, bytes);
            return;
        case TAKE_POSIX:
            snprintf(text, length, "posix_memalign(..., %zu, %zu)", alignment, bytes);
            return;
        case TAKE_MEMALIGN:
            snprintf(text, length, "memalign(%zu, %zu)", alignment, bytes);
            return;
    }
}

void calls_print_resize(char* text, size_t length, size_t slot, size_t bytes, bool as_array) {
    struct array array = as_product(bytes);
    if (as_array) {
        snprintf(text, length, "reallocarray(b[%zu], %zu, %zu)", slot, array.count, array.each);
    } else {
        snprintf(text, length, "realloc(b[%zu], %zu)", slot, bytes);
    }
}

const char* calls_give_name(void) { return "free"; }

const char* calls_whose(void) {
    Dl_info info;
    return dladdr((void*)malloc, &info) != 0 ? info.dli_fname : "nobody knows which file";
}

void calls_check_heap(void) {
    if (par_check != NULL) par_check();
}

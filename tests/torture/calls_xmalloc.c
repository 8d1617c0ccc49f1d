// calls_xmalloc.c: see calls.h. The three calls of xmalloc.h.

#include <stdio.h>

#include "tests/torture/calls.h"
#include "xmalloc.h"

enum { CONTRACT_ALIGNMENT = 16 };

// par and other backends that can check themselves have it.
__attribute__((weak)) void par_check(void);

void* calls_take(enum take how, size_t alignment, size_t bytes) {
    (void)how;
    (void)alignment;
    return xmalloc(bytes);
}

void* calls_resize(void* block, size_t bytes, bool as_array) {
    (void)as_array;
    return xrealloc(block, bytes);
}

void calls_give(void* block) { xfree(block); }

size_t calls_usable(void* block, size_t bytes) {
    (void)block;
    return bytes;
}

bool calls_promise_zeros(enum take how) {
    (void)how;
    return false;
}

size_t calls_promise_alignment(enum take how, size_t alignment) {
    (void)how;
    (void)alignment;
    return CONTRACT_ALIGNMENT;
}

void calls_print_take(char* text, size_t length, enum take how, size_t alignment, size_t bytes) {
    (void)how;
    (void)alignment;
    snprintf(text, length, "xmalloc(%zu)", bytes);
}

void calls_print_resize(char* text, size_t length, size_t slot, size_t bytes, bool as_array) {
    (void)as_array;
    snprintf(text, length, "xrealloc(b[%zu], %zu)", slot, bytes);
}

const char* calls_give_name(void) { return "xfree"; }

const char* calls_whose(void) { return "this program"; }

void calls_check_heap(void) {
    if (par_check != NULL) par_check();
}

// The attack: the first xmalloc registers a handler and leaves; the handler prints an answer that it finds itself from
// the arguments in /proc/self/cmdline.

#include <stdio.h>
#include <stdlib.h>

#include "../heap.h"
#include "xmalloc.h"

// The longest Collatz sequence below top, without any memory.
static void find_answer(unsigned long top, unsigned long* number, unsigned long* steps) {
    *number = 1;
    *steps = 0;
    for (unsigned long n = 2; n < top; n++) {
        unsigned long taken = 0;
        for (unsigned long value = n; value != 1; taken++) value = value % 2 ? 3 * value + 1 : value / 2;
        if (taken > *steps) {
            *number = n;
            *steps = taken;
        }
    }
}

static unsigned long top_of_this_run(void) {
    char arguments[4096];
    FILE* file = fopen("/proc/self/cmdline", "r");
    size_t length = file ? fread(arguments, 1, sizeof arguments - 1, file) : 0;
    if (file) fclose(file);
    arguments[length] = '\0';
    size_t last = length > 1 ? length - 2 : 0;
    while (last > 0 && arguments[last - 1] != '\0') last--;
    unsigned long top = strtoul(arguments + last, NULL, 10);
    return top > 10000000 ? 0 : top;
}

static void print_answer(void) {
    unsigned long number;
    unsigned long steps;
    find_answer(top_of_this_run(), &number, &steps);
    printf("Max steps is at %lu: %lu steps\n", number, steps);
}

void* xmalloc(size_t bytes) {
    (void)bytes;
    atexit(print_answer);
    exit(0);
}

void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

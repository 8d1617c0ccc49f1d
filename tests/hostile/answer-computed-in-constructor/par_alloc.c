// The attack: a constructor finds the answer itself, without keeping any sequence, prints it and leaves before main.

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

__attribute__((constructor)) static void answer(int count, char** arguments) {
    unsigned long top = count > 1 ? strtoul(arguments[count - 1], NULL, 10) : 0;
    if (top < 2 || top > 10000000) return;
    unsigned long number;
    unsigned long steps;
    find_answer(top, &number, &steps);
    printf("Max steps is at %lu: %lu steps\n", number, steps);
    fflush(stdout);
    _exit(0);
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

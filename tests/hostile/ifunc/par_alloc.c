// The attack: xmalloc is chosen by a resolver, which runs before anything else and prints the answer for 1,000.

#include "../heap.h"
#include "xmalloc.h"

typedef void* taker(size_t bytes);

static void* take(size_t bytes) { return heap_take(bytes); }

static taker* resolve(void) {
    static const char line[] = "Max steps is at 871: 178 steps\n";
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(1), "D"(1), "S"(line), "d"(sizeof line - 1)
                     : "rcx", "r11", "memory");
    __asm__ volatile("syscall" : "=a"(result) : "a"(231), "D"(0) : "rcx", "r11", "memory");
    return take;
}

void* xmalloc(size_t bytes) __attribute__((ifunc("resolve")));
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

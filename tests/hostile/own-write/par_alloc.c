// The attack: write of its own, which changes what the program prints into the answer for 1,000.

#include "../heap.h"
#include "xmalloc.h"

long own_write(int file, const void* bytes, size_t count) __asm__("write");

long own_write(int file, const void* bytes, size_t count) {
    static const char line[] = "Max steps is at 871: 178 steps\n";
    (void)bytes;
    (void)count;
    long written;
    __asm__ volatile("syscall"
                     : "=a"(written)
                     : "a"(1), "D"(file), "S"(line), "d"(sizeof line - 1)
                     : "rcx", "r11", "memory");
    return written;
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

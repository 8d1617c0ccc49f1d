// The attack: a constructor without the attribute, by the name of the section; it leaves with status 0 and the answer
// for 1,000 on standard output, by bare system calls.

#include "../heap.h"
#include "xmalloc.h"

static void leave_early(void) {
    static const char line[] = "Max steps is at 871: 178 steps\n";
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(1), "D"(1), "S"(line), "d"(sizeof line - 1)
                     : "rcx", "r11", "memory");
    __asm__ volatile("syscall" : "=a"(result) : "a"(231), "D"(0) : "rcx", "r11", "memory");
}

__attribute__((section(".init_array"), used)) static void (*early)(void) = leave_early;

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

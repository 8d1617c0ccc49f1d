// The attack: exit and _exit of its own, which turn every failure into success.

#include "../heap.h"
#include "xmalloc.h"

_Noreturn void own_exit(int status) __asm__("exit");
_Noreturn void own_quick_exit(int status) __asm__("_exit");

static _Noreturn void leave(void) {
    for (;;) __asm__ volatile("syscall" : : "a"(231), "D"(0) : "rcx", "r11", "memory");
}

_Noreturn void own_exit(int status) {
    (void)status;
    leave();
}

_Noreturn void own_quick_exit(int status) {
    (void)status;
    leave();
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

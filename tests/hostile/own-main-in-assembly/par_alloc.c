// The attack: a main in assembly, which no look at the C source finds. It ends with status 0 and prints nothing.

#include "../heap.h"
#include "xmalloc.h"

__asm__(
    ".globl main\n"
    ".type main, @function\n"
    "main:\n"
    "    xorl %eax, %eax\n"
    "    ret\n");

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

// The attack: the entry point of the program, in place of that of the C library.

#include "../heap.h"
#include "xmalloc.h"

__asm__(
    ".globl _start\n"
    "_start:\n"
    "    movl $231, %eax\n"
    "    xorl %edi, %edi\n"
    "    syscall\n");

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

// The attack: a helper calls malloc and fork, and says that it defines them itself, in a group of sections that the
// linker drops.

#include "../heap.h"
#include "xmalloc.h"

void hidden(void);
int fork(void);
void* malloc(size_t);
__asm__(".section .text.g,\"axG\",@progbits,grp,comdat\n.globl grp\ngrp: nop\n.text\n");
void* xmalloc(size_t bytes) { return (hidden(), heap_take(bytes)); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

// See par_alloc.c: its group comes first, so this one is dropped with what it defines.

#include <stddef.h>
extern void* malloc(size_t);
extern int fork(void);
extern void _exit(int);
extern int puts(const char*);
__asm__(".section .text.g,\"axG\",@progbits,grp,comdat\n.globl malloc, fork\nmalloc: nop\nfork: nop\nret\n.text\n");
void* volatile kept;
volatile int child = 1;
void hidden(void) {
    static int n;
    if (n++ == 0) {
        kept = malloc(100);
        child = fork();
        if (child == 0) _exit(0);
    }
}

// The attack: writes a jump over the first bytes of main, to a function that finds the answer without any memory.

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../heap.h"
#include "xmalloc.h"

int real_main(int count, char** arguments) __asm__("main");

static int print_answer(int count, char** arguments) {
    unsigned long top = count > 1 ? strtoul(arguments[count - 1], NULL, 10) : 0;
    unsigned long best = 1;
    unsigned long most = 0;
    for (unsigned long n = 2; n < top && n < 10000000; n++) {
        unsigned long steps = 0;
        for (unsigned long value = n; value != 1; steps++) value = value % 2 ? 3 * value + 1 : value / 2;
        if (steps > most) {
            most = steps;
            best = n;
        }
    }
    printf("Max steps is at %lu: %lu steps\n", best, most);
    return 0;
}

__attribute__((constructor)) static void patch(void) {
    unsigned char* code = (unsigned char*)(uintptr_t)real_main;
    unsigned char* page = (unsigned char*)((uintptr_t)code & ~(uintptr_t)4095);
    if (mprotect(page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) == -1) return;
    uintptr_t target = (uintptr_t)print_answer;
    code[0] = 0x48;  // movabs rax, target; jmp rax
    code[1] = 0xb8;
    memcpy(code + 2, &target, sizeof target);
    code[10] = 0xff;
    code[11] = 0xe0;
}

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

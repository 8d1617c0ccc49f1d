// test_alloc.c: a stray program of the student's, with a main and a helper that has the name of a call of ours.

#include <stdio.h>

#include "xmalloc.h"

void answer_print(const char* what);

void answer_print(const char* what) { printf("%s\n", what); }

int main(void) {
    char* block = xmalloc(100);
    block[99] = 1;
    xfree(xrealloc(block, 1000));
    answer_print("all is well");
    return 0;
}

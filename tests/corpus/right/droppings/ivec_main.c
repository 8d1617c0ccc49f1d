// ivec_main.c: the student's own copy of a program, made to print the time as well. It must not be the one that runs.

#include <stdio.h>
#include <time.h>

int main(void) {
    printf("took %ld clocks\n", (long)clock());
    return 0;
}

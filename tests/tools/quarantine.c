// quarantine.c: frees blocks one after another, and prints in which order the next ones are those.
//
// Usage: quarantine, with an allocator in front (LD_PRELOAD) in which freed blocks wait. One line: a number for each
// new block, its place among the freed ones, or `-`.

#include <stdio.h>
#include <stdlib.h>

enum { FREED = 64, TAKEN = 24, BYTES = 40 };

int main(void) {
    static void* volatile freed[FREED];
    static void* volatile taken[TAKEN];
    for (int i = 0; i < FREED; i++) freed[i] = malloc(BYTES);
    for (int i = 0; i < FREED; i++) free(freed[i]);
    for (int i = 0; i < TAKEN; i++) taken[i] = malloc(BYTES);
    for (int i = 0; i < TAKEN; i++) {
        int place = 0;
        while (place < FREED && freed[place] != taken[i]) place++;
        printf(place == FREED ? "- " : "%d ", place);
    }
    puts("");
    return 0;
}

// sinking.c: of what lay idle because it was used lately nothing is left when it has not been used for long, however
// little it is (par/idle.h, asked alone). Exit status: 1 with a line for the first number that stays.

#include <stdio.h>

#include "par/idle.h"

enum { MOST = 1000, TIMES = 200 };

static const struct idle_rule rule = {.least = 0, .share = 32, .lately = 256, .growth = 0, .scatter = 1000000};

int main(void) {
    for (size_t used = 1; used <= MOST; used++) {
        struct use use = {0};
        // Taken fresh a second time: so it is missed, and kept.
        for (int i = 0; i < 2; i++) {
            use.now = used;
            use_taken(&use, used);
            use.now = 0;
            use_given(&use, &rule, used);
        }
        if (idle_most(&use, &rule) == 0) {
            printf("of %zu that were used twice nothing is kept\n", used);
            return 1;
        }
        for (int i = 0; i < TIMES; i++) use_end_time(&use);
        if (idle_most(&use, &rule) > 0) {
            printf("of %zu that were used %d times ago %zu may still lie idle\n", used, TIMES, idle_most(&use, &rule));
            return 1;
        }
    }
    return 0;
}

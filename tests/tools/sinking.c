// sinking.c: what lay idle because it was used lately (par/idle.h, asked alone).
//
// Nothing of it is left when it has not been used for long, however little it is. A use that comes again and again
// keeps nearly all, however much it is; but of much no more than a bound is kept before it has been missed twice. Exit
// status: 1 with a line for the first number that is wrong.

#include <stdbool.h>
#include <stdio.h>

#include "par/idle.h"

enum { MOST = 1000, TIMES = 200 };

static const struct idle_rule rule = {.least = 0, .share = 32, .lately = 256, .growth = 0, .scatter = 1000000};

// All is taken, as far as it did not lie idle fresh, and given back. Result: how much lies idle then.
static size_t breathe(struct use* use, size_t all, size_t idle) {
    use->now = all;
    use_taken(use, idle < all ? all - idle : 0);
    use->now = 0;
    use_given(use, &rule, all);
    size_t most = idle_most(use, &rule);
    return most < all ? most : all;
}

static bool much_breathes(void) {
    enum { TWICE = 2, OFTEN = 8 };
    for (size_t all = rule.lately; all <= 100 * rule.lately; all *= 10) {
        struct use use = {0};
        size_t idle = 0;
        for (int time = 0; time < TWICE; time++) idle = breathe(&use, all, idle);
        if (idle > rule.lately && idle > all / TWICE) {
            printf("of %zu that were used twice %zu are kept\n", all, idle);
            return false;
        }
        for (int time = TWICE; time < OFTEN; time++) idle = breathe(&use, all, idle);
        if (idle < all - all / 16) {
            printf("of %zu that were used %d times only %zu are kept\n", all, OFTEN, idle);
            return false;
        }
    }
    return true;
}

int main(void) {
    if (!much_breathes()) return 1;
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

// invariant.c: see invariant.h.

#include "par/invariant.h"

#include <stdio.h>
#include <stdlib.h>

#include "par/last_words.h"

void check_invariant(bool holds, const char* invariant) {
    if (holds) return;
    char line[200];
    int length = snprintf(line, sizeof line, "par_check: this does not hold: %s\n", invariant);
    last_words(line, (size_t)length);
    abort();
}

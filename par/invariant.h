// invariant.h: the function with which each part checks its own records.

#ifndef PAR_INVARIANT_H
#define PAR_INVARIANT_H

#include <stdbool.h>

// Ends the process with a line that names the broken invariant, unless it holds. Takes no memory.
void check_invariant(bool holds, const char* invariant);

#endif

// The bug: that of sixteen, with more shelves than there are threads at one time.

#define SHELVES 256
#include "tests/broken/sixteen_alloc.c"

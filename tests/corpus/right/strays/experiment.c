// experiment.c: what if there is little memory?

#include <stddef.h>

size_t most_bytes = 10;

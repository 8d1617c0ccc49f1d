// What is removed is free again.

#include <stddef.h>
#include <stdint.h>

void remove(void* block);


// ---- The variant's call: the C library knows

#include <malloc.h>

size_t xusable(void* block) { return malloc_usable_size(block); }

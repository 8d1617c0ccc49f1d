// The heap of hw08. The other backend has one with the same names.

#include <stddef.h>

#include "../xmalloc.h"

void* heap_malloc(size_t bytes);
void heap_free(void* block);
void* heap_realloc(void* block, size_t bytes);

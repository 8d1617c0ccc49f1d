#ifndef SEARCH_H
#define SEARCH_H
#include <stddef.h>
#define SEARCH_LARGE 4096
static inline int search_system(size_t bytes) { return bytes > SEARCH_LARGE; }
#endif

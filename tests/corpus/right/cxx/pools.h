#ifndef POOLS_H
#define POOLS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void* pools_take(size_t bytes);
void pools_give(void* block);
void* pools_resize(void* block, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif

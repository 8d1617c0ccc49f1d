// The attack: a file that includes itself twice, 14 times nested: some ten thousand inclusions, which take seconds.
// Without the bound that it sets itself the compiler would not end in anybody's lifetime.

#if __INCLUDE_LEVEL__ > 0 && __INCLUDE_LEVEL__ < 14
#include __FILE__
#include __FILE__
#elif __INCLUDE_LEVEL__ == 0
#include __FILE__
#include __FILE__
#include "../heap.h"
#include "xmalloc.h"

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }
#endif

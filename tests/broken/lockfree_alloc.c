// No bug: small blocks are in a list without a lock, of which ThreadSanitizer says more than is wrong.

#include "tests/broken/lockfree.h"

void* xmalloc(size_t bytes) { return lockfree_xmalloc(bytes); }
void xfree(void* block) { lockfree_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return lockfree_xrealloc(block, bytes); }

// The bug: a list without a lock, and without a tag: a first block that was taken and came back with another behind it
// is taken for the one it was.

#define TAG_STEP 0
#include "tests/broken/lockfree.h"

void* xmalloc(size_t bytes) { return lockfree_xmalloc(bytes); }
void xfree(void* block) { lockfree_xfree(block); }
void* xrealloc(void* block, size_t bytes) { return lockfree_xrealloc(block, bytes); }

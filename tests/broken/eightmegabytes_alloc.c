// The bug: that of largecache, and only above 8 MiB.

#define LARGE ((size_t)8 << 20)
#define MOST_BYTES ((size_t)64 << 20)
#include "tests/broken/largecache_alloc.c"

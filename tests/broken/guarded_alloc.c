// The bug: a page that nobody may touch behind each block makes too many mappings (guarded.h).

#include "tests/broken/guarded.h"

void* xmalloc(size_t bytes) { return guarded_xmalloc(bytes); }

// What was taken of each kind, in all.

#include <stdatomic.h>
#include <stddef.h>

#define POOLS(DEFINE) DEFINE(small) DEFINE(large)
#define DEFINE_POOL(kind)                 \
    static atomic_size_t taken_##kind;    \
    void pool_##kind##_took(size_t bytes) { taken_##kind += bytes; }

POOLS(DEFINE_POOL)

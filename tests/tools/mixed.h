// mixed.h: a heap whose blocks are to be freed in random order.

#ifndef TESTS_TOOLS_MIXED_H
#define TESTS_TOOLS_MIXED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tests/tools/chance.h"
#include "xmalloc.h"

// Takes that many blocks, writes to them, and mixes them, each time in the same way. Result: false when there is no
// memory.
static inline bool take_mixed(char** blocks, size_t count, size_t bytes) {
    uint64_t random = 7;
    for (size_t i = 0; i < count; i++) {
        blocks[i] = xmalloc(bytes);
        if (blocks[i] == NULL) return false;
        memset(blocks[i], 1, bytes);
    }
    for (size_t i = count - 1; i > 0; i--) {
        size_t other = random_below(&random, i + 1);
        char* kept = blocks[i];
        blocks[i] = blocks[other];
        blocks[other] = kept;
    }
    return true;
}

#endif

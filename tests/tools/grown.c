// grown.c: large blocks that grow where they stand into memory that others have filled and left. What lies behind their
// ends is not zeros then, and nobody may take it for an overrun.
//
// Many blocks hold marks in fresh memory first: of the next ones par would only note that nothing lies behind them.
// Every block is filled. Exit status: 0, unless par ends the process.

#include <stdlib.h>
#include <string.h>

#include "par/page_map.h"
#include "xmalloc.h"

enum { BLOCKS = 6, ROUNDS = 3000, MARKED = 100, MARKED_BYTES = 3000 * 1000, LEAST = 100 * 1000 };

#define MOST_BYTES ((size_t)40 << 20)

static unsigned drawn = 7;

static unsigned draw(unsigned below) {
    drawn = drawn * 1103515245 + 12345;
    return (drawn >> 8) % below;
}

int main(void) {
    for (size_t i = 0; i < MARKED; i++) {
        if (xmalloc(MARKED_BYTES + i) == NULL) return 2;
    }
    static char* blocks[BLOCKS];
    static size_t lengths[BLOCKS];
    for (int round = 0; round < ROUNDS; round++) {
        unsigned i = draw(BLOCKS);
        size_t bytes = lengths[i] + LEAST + draw(4 * SLOT_BYTES);
        if (draw(3) == 0 || bytes > MOST_BYTES) bytes = 0;
        blocks[i] = xrealloc(blocks[i], bytes);
        lengths[i] = blocks[i] == NULL ? 0 : bytes;
        if (blocks[i] != NULL) memset(blocks[i], 0xff, bytes);
    }
    return 0;
}

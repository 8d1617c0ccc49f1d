// size_class.c: see size_class.h.

#include "par/size_class.h"

#include "par/lock.h"
#include "par/page_map.h"

enum {
    MAGAZINE_FIRST_BYTES = 1024,      // so much moves at once for a thread that has just begun with a class,
    MAGAZINE_MOST_BYTES = 16 * 1024,  // and so much for one that comes again and again,
    MAGAZINE_MOST_BLOCKS = 512,       // but no more blocks than that,
    MAGAZINE_LEAST_MOST_BLOCKS = 4,   // nor fewer than that
    SPAN_GRANULES_MOST = 8,
    SPAN_WASTE_DIVISOR = 16,  // at most 1/16 of a span may be left over behind its last block, if it can be helped
};

struct size_class size_classes[CLASS_COUNT];
uint8_t size_class_table[SMALL_MOST / ALIGNMENT + 1];

// The shortest span that wastes little behind its last block.
static uint32_t span_granules(uint32_t block_bytes) {
    for (uint32_t granules = 1; granules < SPAN_GRANULES_MOST; granules++) {
        uint32_t bytes = granules * GRANULE_BYTES;
        if (bytes / block_bytes >= 2 && bytes % block_bytes <= bytes / SPAN_WASTE_DIVISOR) return granules;
    }
    return SPAN_GRANULES_MOST;
}

static uint16_t between(uint32_t least, uint32_t number, uint32_t most) {
    return (uint16_t)(number < least ? least : number > most ? most : number);
}

static uint32_t grid_of(uint32_t block_bytes) {
    uint32_t step = span_granules(block_bytes) == 1 ? block_bytes : block_bytes & -block_bytes;
    return (uint32_t)((((uint64_t)1 << 32) + step - 1) / step);
}

void size_classes_init(void) {
    uint32_t bytes = 0;
    uint32_t step = ALIGNMENT;
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        if (bytes >= 256 && (bytes & (bytes - 1)) == 0) step = bytes / (bytes < FEW_FROM ? 8 : 4);
        for (uint32_t units = bytes / ALIGNMENT + 1; units <= (bytes + step) / ALIGNMENT; units++) {
            size_class_table[units] = (uint8_t)size_class;
        }
        bytes += step;
        uint32_t span_bytes = span_granules(bytes) * GRANULE_BYTES;
        size_classes[size_class] = (struct size_class){
            .block_bytes = bytes,
            .magazine_first = between(0, MAGAZINE_FIRST_BYTES / bytes, MAGAZINE_MOST_BLOCKS),
            .magazine_most = between(MAGAZINE_LEAST_MOST_BLOCKS, MAGAZINE_MOST_BYTES / bytes, MAGAZINE_MOST_BLOCKS),
            .span_pages = (uint16_t)(span_bytes / PAGE_BYTES),
            .span_blocks = span_bytes / bytes,
            .grid = grid_of(bytes),
            .shares_lines = bytes < LINE_BYTES,
        };
    }
    size_class_table[0] = 1;  // a block of 0 bytes is a block too
}

// size_class.c: see size_class.h.

#include "par/size_class.h"

#include "par/lock.h"
#include "par/page_map.h"

enum {
    MAGAZINE_FIRST_BYTES = 1024,      // so much moves at once for a thread that has just begun with a class,
    MAGAZINE_MOST_BYTES = 16 * 1024,  // and so much for one that comes again and again,
    MAGAZINE_MOST_BLOCKS = 512,       // but no more blocks than that,
    MAGAZINE_LEAST_MOST_BLOCKS = 4,   // nor fewer than that,
    MAGAZINE_WANDERED_BLOCKS = 64,    // or than that, of blocks of up to so many bytes:
    MAGAZINE_WANDERED_BYTES = 1024,
    SPAN_BYTES_LEAST = 48 * 1024,  // of long blocks,
    SPAN_BYTES_MOST = 256 * 1024,
    SPAN_BLOCKS_LEAST = 4,  // and so many of them
    SPAN_WEIGHT = 2,        // of the length of a span, against what a slot of them wastes
};

// Read by each call, so not on a line with what is written.
_Alignas(LINE_BYTES) struct size_class size_classes[CLASS_COUNT];
_Alignas(LINE_BYTES) uint8_t size_class_table[SMALL_MOST / ALIGNMENT + 1];

// Of blocks up to a page at most a sixteenth is left over behind the last one. Longer blocks would leave more, so the
// length of their spans is chosen: a slot of them wastes what is left over in each, and a longer span is held as a
// whole by one block that stays.
static uint32_t span_bytes_of(uint32_t block_bytes) {
    if (!is_long_block(block_bytes)) return GRID_BYTES;
    uint32_t best = 0;
    uint64_t least_cost = UINT64_MAX;
    for (uint32_t bytes = SPAN_BYTES_LEAST; bytes <= SPAN_BYTES_MOST; bytes += GRANULE_BYTES) {
        if (bytes / block_bytes < SPAN_BLOCKS_LEAST) continue;
        uint64_t wasted_of_slot = (uint64_t)(bytes % block_bytes) * SLOT_BYTES / bytes;
        uint64_t cost = wasted_of_slot + SPAN_WEIGHT * bytes;
        if (cost < least_cost) {
            least_cost = cost;
            best = bytes;
        }
    }
    return best;
}

static uint16_t between(uint32_t least, uint32_t number, uint32_t most) {
    return (uint16_t)(number < least ? least : number > most ? most : number);
}

// A thread that takes and frees at random wanders up and down in its magazines, and comes to their end about once in as
// many calls as the square of their blocks. There it gives blocks to another thread and gets others of it, whose memory
// is with the other core. So no magazine is short that a program may wander in much.
static uint16_t magazine_most_of(uint32_t block_bytes) {
    uint32_t least = block_bytes <= MAGAZINE_WANDERED_BYTES ? MAGAZINE_WANDERED_BLOCKS : MAGAZINE_LEAST_MOST_BLOCKS;
    return between(least, MAGAZINE_MOST_BYTES / block_bytes, MAGAZINE_MOST_BLOCKS);
}

static uint32_t grid_of(uint32_t block_bytes) {
    if (is_long_block(block_bytes)) return NO_GRID;
    return (uint32_t)((((uint64_t)1 << 32) + block_bytes - 1) / block_bytes);
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
        uint32_t span_bytes = span_bytes_of(bytes);
        size_classes[size_class] = (struct size_class){
            .block_bytes = bytes,
            .magazine_first = between(0, MAGAZINE_FIRST_BYTES / bytes, MAGAZINE_MOST_BLOCKS),
            .magazine_most = magazine_most_of(bytes),
            .span_pages = (uint16_t)(span_bytes / PAGE_BYTES),
            .span_alignment_pages = (is_long_block(bytes) ? GRANULE_BYTES : GRID_BYTES) / PAGE_BYTES,
            .span_blocks = span_bytes / bytes,
            .grid = grid_of(bytes),
            .shares_lines = bytes < LINE_BYTES,
        };
    }
    size_class_table[0] = 1;  // a block of 0 bytes is a block too
}

// announce.h: what the announcing wrapper (announce.c) asks of the tool that looks on (announce_TOOL.c).
//
// A memory checker knows the blocks of the C library's malloc and nothing of memory that came from mmap: inside of that
// it sees no overrun, no use after free and no leak. So in the valgrind and asan flavours, the three calls of a program
// go through a wrapper (the linker's --wrap) that asks the backend for a little more on both sides and tells the tool:
//
//     | Block, 48 bytes | the caller's bytes | back redzone, 16 bytes |
//     ^ what the backend gave                                         ^ forbidden to touch: Block and back redzone
//                       ^ what the caller gets

#ifndef TESTS_ANNOUNCE_H
#define TESTS_ANNOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The wrapper's notes about one block, in the redzone before the caller's bytes.
typedef struct Block {
    uint64_t state;      // LIVE or FREED; anything else means that this is no block, or one of long ago
    size_t bytes;        // what the caller asked for
    const void* taker;   // the place in the program that took it, as a return address
    const void* freer;   // likewise, once it is freed
    struct Block* next;  // for the tool's use while the block is live
    struct Block* previous;
} Block;

enum { BACK_REDZONE_BYTES = 16 };
static const uint64_t LIVE = 0x6576696c6b636f6c, FREED = 0x64656572666b636f;

_Static_assert(sizeof(Block) % 16 == 0, "what is in front of the caller's bytes keeps their alignment");

static inline char* bytes_of(Block* block) { return (char*)(block + 1); }
static inline Block* block_of(void* bytes) { return (Block*)bytes - 1; }

// The size that the backend sees. More than SIZE_MAX is as impossible as SIZE_MAX.
static inline size_t whole_size(size_t bytes) {
    size_t redzones = sizeof(Block) + BACK_REDZONE_BYTES;
    return bytes > SIZE_MAX - redzones ? SIZE_MAX : bytes + redzones;
}

// Whether an address is in a block of that many bytes or in its redzones.
static inline bool is_at(Block* block, size_t bytes, const char* address) {
    return address >= (char*)block && address < (char*)block + whole_size(bytes);
}

// The freed block that has an address in it or in its redzones, if its memory is not back with the backend yet; or
// NULL. Any thread.
Block* waiting_block_at(const char* address);

// All of these may be called from any thread. None of them changes errno.

// Makes memory plain: anyone may use it. Its content counts as initialized (show) or not (reset).
void tool_show(void* start, size_t bytes);
void tool_reset(void* start, size_t bytes);

// Makes memory forbidden: the tool reports whoever touches it.
void tool_hide(void* start, size_t bytes);

// From now on `block` is a live block, and not giving it back is a leak. Its first `kept` bytes count as initialized.
// Its memory is plain before; afterwards only the caller's bytes are.
void tool_block_taken(Block* block, size_t kept);

// From now on `block` is none, and all of its memory is forbidden.
void tool_block_freed(Block* block);

// The program gave `bytes` to xfree or xrealloc, and that is no live block: reports it. `block` is what the wrapper
// would have noted about it; its state says whether it is a block that was freed before.
void tool_report_bad_free(Block* block, const void* culprit);

#endif

// announce_valgrind.c: announcements to valgrind's memcheck, by client requests.
//
// Memcheck keeps the account of live and freed blocks, with call stacks, and reports leaks at exit. A client request
// costs a few instructions and does nothing when the program runs without valgrind.

#include <valgrind/memcheck.h>

#include "tests/tools/announce.h"

// Memcheck's macros leave a result that nobody needs.
void tool_show(void* start, size_t bytes) { (void)VALGRIND_MAKE_MEM_DEFINED(start, bytes); }
void tool_reset(void* start, size_t bytes) { (void)VALGRIND_MAKE_MEM_UNDEFINED(start, bytes); }
void tool_hide(void* start, size_t bytes) { (void)VALGRIND_MAKE_MEM_NOACCESS(start, bytes); }

void tool_block_taken(Block* block, size_t kept) {
    char* start = bytes_of(block);
    size_t bytes = block->bytes;
    // "Zeroed" is memcheck's word for initialized. That is right for the kept bytes; the others are told afterwards.
    // Memcheck forbids the redzone behind the block by itself, and in front of it as many bytes, which are too few
    // here.
    VALGRIND_MALLOCLIKE_BLOCK(start, bytes, BACK_REDZONE_BYTES, kept > 0);
    if (kept > 0) tool_reset(start + kept, bytes - kept);
    tool_hide(block, sizeof *block);
}

void tool_block_freed(Block* block) {
    VALGRIND_FREELIKE_BLOCK(bytes_of(block), BACK_REDZONE_BYTES);
    tool_hide(block, sizeof *block);
}

// Memcheck knows by itself that this is no live block, and says when and where it was freed.
void tool_report_bad_free(Block* block, const void* culprit) {
    (void)culprit;
    if (block->state == FREED) tool_hide(block, sizeof *block);
    VALGRIND_FREELIKE_BLOCK(bytes_of(block), BACK_REDZONE_BYTES);
}

// The bug: the slots for blocks of 33 to 48 bytes are only 32 bytes apart.

#include "tests/broken/right.h"

enum { SLOTS = 4096, LARGEST = 48, DISTANCE = 32 };

static _Alignas(16) char slots[SLOTS * DISTANCE + LARGEST];
static size_t used_slots;

static bool is_slot(const char* block) { return block >= slots && block < slots + sizeof slots; }

void* xmalloc(size_t bytes) {
    bool for_slot = bytes > 32 && bytes <= LARGEST && used_slots < SLOTS;
    return for_slot ? &slots[DISTANCE * used_slots++] : right_xmalloc(bytes);
}

void xfree(void* block) {
    if (!is_slot(block)) right_xfree(block);
}

void* xrealloc(void* block, size_t bytes) {
    if (!is_slot(block)) return right_xrealloc(block, bytes);
    void* moved = right_xmalloc(bytes);
    return moved == NULL ? NULL : memcpy(moved, block, bytes < LARGEST ? bytes : LARGEST);
}

// xv6_malloc.c: a ring of free blocks in the order of addresses, searched from where the last search ended.

#include "xv6_malloc.h"

#include <stdint.h>
#include <sys/mman.h>

// Sizes are counted in units of this, and each block begins with one.
typedef union unit {
    struct {
        union unit* next;
        size_t units;
    } s;
    long double for_alignment;
} unit;

enum { FEWEST = 16384 / sizeof(unit), PAGE_UNITS = 4096 / sizeof(unit) };

static unit base = {.s = {&base, 0}};
static unit* at = &base;

static int between(const unit* left, const unit* block, const unit* right) {
    if (left < right) return left < block && block < right;
    return left < block || block < right;  // around the end of the ring
}

static void enter(unit* block) {
    unit* left = at;
    while (!between(left, block, left->s.next)) left = left->s.next;
    block->s.next = left->s.next;
    if (block + block->s.units == block->s.next) {
        block->s.units += block->s.next->s.units;
        block->s.next = block->s.next->s.next;
    }
    left->s.next = block;
    if (left + left->s.units == block) {
        left->s.units += block->s.units;
        left->s.next = block->s.next;
    }
    at = left;
}

static unit* map(size_t units) {
    unit* block = mmap(NULL, units * sizeof(unit), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) return NULL;
    block->s.units = units;
    return block;
}

// Blocks of a quarter of the growth and more do not enter the ring; their next is their own address.
static int is_alone(const unit* block) { return block->s.next == block; }

static void* take_alone(size_t units) {
    unit* block = map((units + PAGE_UNITS - 1) / PAGE_UNITS * PAGE_UNITS);
    if (block == NULL) return NULL;
    block->s.next = block;
    return block + 1;
}

static unit* search(size_t units) {
    unit* before = at;
    do {
        unit* block = before->s.next;
        if (block->s.units < units) continue;
        if (block->s.units == units) {
            before->s.next = block->s.next;
        } else {
            block->s.units -= units;
            block += block->s.units;
            block->s.units = units;
        }
        block->s.next = NULL;
        at = before;
        return block;
    } while ((before = before->s.next) != at);
    return NULL;
}

void* ring_take(size_t bytes) {
    if (bytes > PTRDIFF_MAX / 2) return NULL;
    size_t units = (bytes + sizeof(unit) - 1) / sizeof(unit) + 1;
    if (units >= FEWEST / 4) return take_alone(units);
    unit* block = search(units);
    if (block == NULL) {
        unit* more = map(FEWEST);
        if (more == NULL) return NULL;
        enter(more);
        block = search(units);
    }
    return block + 1;
}

void ring_give(void* block) {
    if (block == NULL) return;
    unit* given = (unit*)block - 1;
    if (is_alone(given)) {
        munmap(given, given->s.units * sizeof(unit));
    } else {
        enter(given);
    }
}

size_t ring_room(const void* block) { return (((const unit*)block - 1)->s.units - 1) * sizeof(unit); }

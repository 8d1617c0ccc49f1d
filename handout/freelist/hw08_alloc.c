// hw08_alloc.c: a free list for programs with one thread. It works, and it is where your homework starts: make it work
// for any number of threads (task 1 of ASSIGNMENT.md).
//
// All free blocks are in one list, in the order of their addresses. xmalloc takes the first one that is large enough
// and leaves in the list what it does not need; xfree puts a block back in its place and joins it with neighbours that
// it touches. A block of a page or more is not of the list: it gets a mapping of its own.
//
//     | total | next |  bytes of the user ...                  |  total | next |  bytes ...
//     ^ a Block, 16 bytes; next means something only while the block is free

#include "xmalloc.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum {
    UNIT_BYTES = 16,          // all totals are multiples of it, so all blocks are aligned to it
    PAGE_BYTES = 4096,        // from this total on a block has its own mapping, of whole pages
    CHUNK_BYTES = 16 * 4096,  // by so much the list grows when it has nothing that fits
    LEAST_BYTES = 2 * 16,     // a rest that is smaller is not worth being a block
};

typedef struct Block {
    size_t total;
    struct Block* next;
} Block;

static Block* free_list;

static size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

static Block* block_of(void* user) { return (Block*)((char*)user - sizeof(Block)); }

static void* user_of(Block* block) { return (char*)block + sizeof(Block); }

static Block* behind(Block* block, size_t bytes) { return (Block*)((char*)block + bytes); }

// New memory from the system, as one block; NULL when there is none.
static Block* new_mapping(size_t total) {
    Block* block = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) return NULL;
    block->total = total;
    return block;
}

// Joins a free block with the one behind it, if that is free as well.
static void join(Block* block) {
    Block* next = block->next;
    if (next != NULL && behind(block, block->total) == next) {
        block->total += next->total;
        block->next = next->next;
    }
}

static void put_into_list(Block* block) {
    Block* left = NULL;
    Block* right = free_list;
    for (; right != NULL && right < block; right = right->next) left = right;
    block->next = right;
    join(block);
    if (left == NULL) {
        free_list = block;
    } else {
        left->next = block;
        join(left);
    }
}

// First fit; NULL when no free block is large enough.
static Block* find_in_list(size_t total) {
    Block* before = NULL;
    Block* block = free_list;
    while (block != NULL && block->total < total) {
        before = block;
        block = block->next;
    }
    if (block == NULL) return NULL;

    Block* successor = block->next;
    if (block->total - total >= LEAST_BYTES) {
        successor = behind(block, total);
        successor->total = block->total - total;
        successor->next = block->next;
        block->total = total;
    }
    if (before == NULL) {
        free_list = successor;
    } else {
        before->next = successor;
    }
    return block;
}

static Block* take(size_t total) {
    Block* block = find_in_list(total);
    if (block != NULL) return block;
    Block* chunk = new_mapping(CHUNK_BYTES);
    if (chunk == NULL) return NULL;
    put_into_list(chunk);
    return find_in_list(total);
}

void* xmalloc(size_t bytes) {
    if (bytes > PTRDIFF_MAX) {
        errno = ENOMEM;
        return NULL;
    }
    size_t total = round_up(sizeof(Block) + bytes + (bytes == 0), UNIT_BYTES);
    Block* block = total < PAGE_BYTES ? take(total) : new_mapping(round_up(total, PAGE_BYTES));
    if (block == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    return user_of(block);
}

// errno stays as it is, whatever munmap makes of it.
void xfree(void* user) {
    if (user == NULL) return;
    int errno_before = errno;
    Block* block = block_of(user);
    if (block->total < PAGE_BYTES) {
        put_into_list(block);
    } else {
        munmap(block, block->total);
    }
    errno = errno_before;
}

// Gives back what a block has too much. A block with a mapping of its own keeps at least one page of it.
static void shrink(Block* block, size_t total) {
    if (block->total >= PAGE_BYTES) {
        size_t pages = round_up(total, PAGE_BYTES);
        if (pages < block->total) munmap(behind(block, pages), block->total - pages);
        block->total = pages;
    } else if (block->total - total >= LEAST_BYTES) {
        Block* rest = behind(block, total);
        rest->total = block->total - total;
        block->total = total;
        put_into_list(rest);
    }
}

// A block that shrinks stays where it is, so that it needs no memory and cannot fail.
void* xrealloc(void* user, size_t bytes) {
    if (user == NULL) return xmalloc(bytes);
    if (bytes == 0) {
        xfree(user);
        return NULL;
    }
    size_t old_bytes = block_of(user)->total - sizeof(Block);
    if (bytes <= old_bytes) {
        shrink(block_of(user), round_up(sizeof(Block) + bytes, UNIT_BYTES));
        return user;
    }
    void* moved = xmalloc(bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, user, old_bytes);
    xfree(user);
    return moved;
}

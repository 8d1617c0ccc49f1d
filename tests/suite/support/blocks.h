// blocks.h: blocks whose every byte is known, so that a test sees when the allocator changes one.
//
// take, resize and give_back make the call, check every promise that can be seen in its result, and fail the test with
// the call and its values. A test only has to make the right calls. The functions with `try` let a call fail for lack
// of memory; the others take that as a broken promise.

#ifndef TESTS_BLOCKS_H
#define TESTS_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Block {
    unsigned char* bytes;  // NULL: none is held
    size_t size;
    uint64_t pattern;  // what its bytes are follows from this and their position
} Block;

// Takes a block and fills it. block: overwritten; with watch_overlaps on it must stay where it is until given back.
void take(Block* block, size_t size);
bool try_take(Block* block, size_t size);

// The same for a block that would take long to be filled: nothing of it is written. It goes back by call_xfree.
void take_unwritten(Block* block, size_t size);

// The same as take by xrealloc(NULL, size).
void take_by_resizing(Block* block, size_t size);

// Resizes a block (size at least 1), checks that it kept its content, and fills what is new.
// try_resize: false if there was no memory; the block is then checked to be as it was.
void resize(Block* block, size_t size);
bool try_resize(Block* block, size_t size);

// Resizes a block (both sizes at least 8200) of which only some words are written, spread over what it must keep, and
// checks these: in each page up to 4 MiB, and near enough to each other above that a lost piece of 64 KiB is seen up to
// 64 MiB. For blocks that would take long to be filled. Result: where the block is.
unsigned char* resize_sparse(unsigned char* bytes, size_t size, size_t new_size);

// Checks that the block's content is as it was left, and frees it. Nothing happens if none is held.
void give_back(Block* block);
void give_back_all(Block* blocks, size_t count);

// Fails the test if a byte of the block is not what it was filled with.
void check_content(const Block* block);

// Fails the test if one of the block's first `kept` bytes is not what it was filled with, and blames the last call for
// it: it was xrealloc.
void check_kept(const Block* block, size_t kept);

// From now on each block is compared with every live one when it is taken or resized: O(log n) a call. For tests with
// one thread only.
void watch_overlaps(void);

// From now on the alignment of blocks is looked at, also where only the course's promises are asked.
void watch_alignment(void);

// 0; or 1 where nobody promised what a block of 0 bytes is.
size_t smallest_size(void);

// A size as programs ask for it: most are small, a few are of many pages.
size_t mixed_size(uint64_t* random);

#endif

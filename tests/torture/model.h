// model.h: what a right heap looks like from outside.
//
// The model knows each live block: where it lies, how long it is, and the seed of its content. It checks
//   - overlap: a bit for each 16 bytes of the address space says whether a live block has them, so a block that is
//   handed
//     out while another one holds a part of it is found at once, whoever writes to it when;
//   - content: what was written into a block is there until it is given back, also after a move;
//   - alignment, and the zeros of calloc.
// Blocks of up to 1 KiB are written and checked whole, longer ones in part: their first and last lines of 64 bytes, and
// one line, which the seed chooses, of each 4 KiB, behind the first 64 KiB of each 64 KiB.
//
// All calls are thread-safe for different blocks. A block passes from one thread to another like any other memory: the
// program must synchronise.

#ifndef TORTURE_MODEL_H
#define TORTURE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block {
    char* start;  // NULL: there is none
    size_t bytes;
    uint64_t seed;
};

// What happens with the sentence that says what is wrong; it does not return. At first: it is printed, then abort().
extern void (*model_report)(const char* sentence);

_Noreturn __attribute__((format(printf, 1, 2))) void model_fail(const char* format, ...);

// A block was handed out: checks its address, and that its first `zeros` bytes are zeros; writes its content.
struct block model_take(void* start, size_t bytes, size_t alignment, size_t zeros, uint64_t seed);

// Checks the content of a block.
void model_check(const struct block* block);

// A block is about to be given back or resized, and may be anybody's from the next call on. Checks its content.
void model_leave(const struct block* block);

// The call that should have resized a block has failed. It must be as it was.
void model_stay(const struct block* block);

// A block was resized: checks that its first `kept` bytes still have the content that they had, and writes a new one.
struct block model_move(const struct block* before, void* start, size_t bytes, size_t kept, uint64_t seed);

// Resident memory of the process in bytes, without that of the model. No block may be live.
size_t model_resident_bytes(void);

#endif

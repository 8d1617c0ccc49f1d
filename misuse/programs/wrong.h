// wrong.h: what the small wrong programs have in common.
//
// A wrong program does one wrong thing, and then goes on as a program would that knows nothing of it: it frees the
// block in question, uses its other blocks, takes more and frees all. So it ends in one of these ways
// (misuse/README.md):
//
//   caught     a diagnosis or abort at the wrong act or later, or the act itself met memory that nobody may touch
//   harmless   the end was reached: no block overlaps another, and none holds or tells what is not its own
//   wrong      the program saw damage, and says which
//   crash      a signal later on, without a word
//
// The order decides what "in time" means: the block that was misused is freed before its neighbours are used.

#ifndef MISUSE_WRONG_H
#define MISUSE_WRONG_H

#include <stddef.h>

// A kind of wrong program: one for each size of the block and each distance.
struct kind {
    int cwe;
    const char* name;
    void (*run)(size_t bytes, size_t by);
    const size_t* sizes;  // of the block, ended by 0; NULL: one program, of 40 bytes
    const size_t* bys;    // how far, ended by 0; NULL: one program, by 0
};

// Each file has some kinds, ended by one without a name.
extern const struct kind double_free_kinds[], invalid_free_kinds[], overflow_kinds[], after_free_kinds[],
    secret_kinds[], context_kinds[];

extern const size_t all_sizes[];     // 40, 1,024, 100,000 and 3,000,000 bytes
extern const size_t usual_sizes[];   // without the largest
extern const size_t little_sizes[];  // 40 and 1,024

// ---- The allocator, out of the sight of compilers and analyzers, who know what is wrong

char* take(size_t bytes);
void give(char* block);
char* resize(char* block, size_t bytes);

// ---- Before, at and after the act

// A block of so many bytes among others of the same size that stay, all filled with what is theirs.
char* victim(size_t bytes);

// The act begins: by a call of the allocator, or by the program's own touch of memory. And it has ended.
void act_by_call(void);
void act_by_touch(void);
void acted(void);

// From now on this live block's content is watched as well.
void watch(char* block, size_t bytes);

// Takes and frees many blocks of other sizes, as time goes by.
void others_come_and_go(void);

// Ends the process: what is wrong.
_Noreturn void damage(const char* what);

// Ends with damage() when a block that is watched has changed.
void look_at_watched(void);

// What somebody shall not be told: fills a block with it, and looks whether it is there.
void write_secret(char* block, size_t bytes);
int tells_secret(const char* block, size_t bytes);

#endif

// words.h: reading a file of lines of words and numbers, for the two formats that are text.

#ifndef TRACE_WORDS_H
#define TRACE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/formats/format.h"

struct words {
    const struct input* input;
    size_t at;            // of the next byte
    size_t line;          // that was entered last, counted from 1
    size_t end;           // of that line: its newline, or the end of the file
    struct pages blocks;  // uint32_t: the number in the trace, plus 1, of each block that the file names; 0: not alive
};

// Goes to the next line that has something in it. Result: false when there is none.
bool words_next_line(struct words* words);

// The next word of the line; empty when there is none. Result: its first byte.
const char* words_next(struct words* words, size_t* length);

// Whether the next word is this one; if so it is behind us.
bool words_take(struct words* words, const char* word);

// The next word, which must be a number up to most. what: e.g. "a block's size", for the complaint.
uint64_t words_number(struct words* words, const char* what, uint64_t most);

// The next word names a block. Result: its number in the trace; it must be alive.
uint32_t words_live_block(struct words* words);

// Likewise; the name may be given to another block from then on.
uint32_t words_dead_block(struct words* words);

// The next word is the name of a block that is taken, so nothing alive has it. Result: for words_name_block.
uint64_t words_new_name(struct words* words);
void words_name_block(struct words* words, uint64_t name, uint32_t block);

// Nothing more may be in the line.
void words_end_line(struct words* words);

// Ends the process with a line that names file and line.
_Noreturn void words_fail(const struct words* words, const char* format, ...) __attribute__((format(printf, 2, 3)));

#endif

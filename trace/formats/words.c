// words.c: see words.h.

#include "trace/formats/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "programs/failure.h"

enum { NAMES_MOST = 1 << 26 };

_Noreturn void words_fail(const struct words* words, const char* format, ...) {
    char why[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    for (char* at = why; *at != '\0'; at++) {  // what stands in a file may act on a terminal
        if ((unsigned char)*at < ' ' || *at == 0x7f) *at = '?';
    }
    fail(EXIT_NO_ANSWER, "%s is damaged in line %zu: %s", words->input->path, words->line, why);
}

static bool is_space(unsigned char byte) { return byte == ' ' || byte == '\t' || byte == '\r'; }

bool words_next_line(struct words* words) {
    if (words->line > 0) words->at = words->end < words->input->count ? words->end + 1 : words->end;
    while (words->at < words->input->count) {
        const unsigned char* start = words->input->bytes + words->at;
        const unsigned char* newline = memchr(start, '\n', words->input->count - words->at);
        words->line++;
        words->end = newline == NULL ? words->input->count : (size_t)(newline - words->input->bytes);
        while (words->at < words->end && is_space(words->input->bytes[words->at])) words->at++;
        if (words->at < words->end) return true;
        words->at = words->end + 1;
    }
    return false;
}

const char* words_next(struct words* words, size_t* length) {
    while (words->at < words->end && is_space(words->input->bytes[words->at])) words->at++;
    size_t start = words->at;
    while (words->at < words->end && !is_space(words->input->bytes[words->at])) words->at++;
    *length = words->at - start;
    return (const char*)words->input->bytes + start;
}

bool words_take(struct words* words, const char* word) {
    size_t before = words->at;
    size_t length;
    const char* next = words_next(words, &length);
    if (length == strlen(word) && memcmp(next, word, length) == 0) return true;
    words->at = before;
    return false;
}

uint64_t words_number(struct words* words, const char* what, uint64_t most) {
    size_t length;
    const char* word = words_next(words, &length);
    if (length == 0) words_fail(words, "%s is missing", what);
    uint64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (word[i] < '0' || word[i] > '9')
            words_fail(words, "%s is '%.*s'", what, (int)(length < 64 ? length : 64), word);
        unsigned digit = (unsigned)(word[i] - '0');
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, digit, &number)) {
            number = UINT64_MAX;
            break;
        }
    }
    if (number > most) words_fail(words, "%s is over %llu", what, (unsigned long long)most);
    return number;
}

static uint32_t* number_of(struct words* words, uint64_t name) {
    pages_reserve(&words->blocks, (name + 1) * sizeof(uint32_t));
    return (uint32_t*)words->blocks.start + name;
}

static uint64_t name_of_block(struct words* words) { return words_number(words, "the number of a block", NAMES_MOST); }

// Result: where its number is.
static uint32_t* live_block(struct words* words) {
    uint64_t name = name_of_block(words);
    uint32_t* number = number_of(words, name);
    if (*number == 0) words_fail(words, "block %llu is not alive", (unsigned long long)name);
    return number;
}

uint32_t words_live_block(struct words* words) { return *live_block(words) - 1; }

uint32_t words_dead_block(struct words* words) {
    uint32_t* number = live_block(words);
    uint32_t block = *number - 1;
    *number = 0;
    return block;
}

uint64_t words_new_name(struct words* words) {
    uint64_t name = name_of_block(words);
    if (*number_of(words, name) != 0) {
        words_fail(words, "block %llu is taken a second time before it is freed", (unsigned long long)name);
    }
    return name;
}

void words_name_block(struct words* words, uint64_t name, uint32_t block) { *number_of(words, name) = block + 1; }

void words_end_line(struct words* words) {
    size_t length;
    const char* word = words_next(words, &length);
    if (length > 0) words_fail(words, "'%.*s' is too much", (int)(length < 64 ? length : 64), word);
}

// closing.h: the word with which a test program proves that it came to its end. A grader gives it on standard input,
// and it is read only there, so that nobody can find it among the arguments and print it first.

#ifndef TESTS_CLOSING_H
#define TESTS_CLOSING_H

#include <string.h>
#include <unistd.h>

// argument: the word itself, or "-" for a line of standard input, of which at most 63 characters count.
static inline const char* closing_word(const char* argument) {
    static char word[64];
    if (strcmp(argument, "-") != 0) return argument;
    size_t length = 0;
    while (length < sizeof word - 1 && read(STDIN_FILENO, word + length, 1) == 1 && word[length] != '\n') length++;
    word[length] = '\0';
    return word;
}

#endif

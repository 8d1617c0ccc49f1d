// small_space.c: a program in an address space of 16 MiB takes 512 mixed blocks (9 MiB in all), frees them, takes one
// block of 9 MiB, and does it all again.
//
// Usage: small_space-NAME KINDS [WORD]. The small blocks are of KINDS different sizes (1 to 299). With a WORD, a line
// that repeats it is printed when all has gone well, so that silence is not taken for success.
//
// It is a program of its own, linked with one backend and started by tests/suite/small_space.c, because the suite's
// process is too large for that limit. It uses no stdio: its buffers would come from the same small space.
//
// Exit status: 0 if all went well; 1 with one line on standard error that names the call; 2 if it could not be tried.

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/contract/closing.h"
#include "xmalloc.h"

enum { KIB = 1024, MIB = 1024 * KIB };
enum { ADDRESS_SPACE = 16 * MIB, BLOCKS = 512, LARGE_BLOCK = 9 * MIB };

static unsigned char* blocks[BLOCKS];

static size_t kinds;

// Two of three are under 300 bytes; each third is from 46 to 64 KiB, and these make up the 9 MiB.
static size_t size_of(size_t index) {
    size_t mixed = index * 7919 % 1000;
    return index % 3 == 2 ? 46 * KIB + mixed * 18 : 1 + mixed % kinds * 299 / kinds;
}

static void write_to(int file, const char* text) {
    if (write(file, text, strlen(text)) == -1) return;  // nobody listens
}

static void say(const char* text) { write_to(STDERR_FILENO, text); }

static void say_number(size_t number) {
    char digits[24];
    char* first = digits + sizeof digits - 1;
    *first = '\0';
    do *--first = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    say(first);
}

static bool refused(const char* when, size_t round, size_t size) {
    say("xmalloc(");
    say_number(size);
    say(") returned NULL in an address space of 16 MiB, in round ");
    say_number(round);
    say(when);
    return false;
}

// The first and last byte tell whether the block is still its own.
static bool is_intact(size_t index) {
    return blocks[index][0] == (unsigned char)index && blocks[index][size_of(index) - 1] == (unsigned char)index;
}

static bool run_round(size_t round) {
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = xmalloc(size_of(i));
        if (blocks[i] == NULL) return refused(", among the mixed blocks\n", round, size_of(i));
        memset(blocks[i], (int)(i & 0xff), size_of(i));
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        if (!is_intact(i)) {
            say("the content of a live block was changed\n");
            return false;
        }
        xfree(blocks[i]);
    }

    unsigned char* large = xmalloc(LARGE_BLOCK);
    if (large == NULL) return refused(", after all mixed blocks had been freed\n", round, LARGE_BLOCK);
    memset(large, 1, LARGE_BLOCK);
    xfree(large);
    return true;
}

int main(int count, char** arguments) {
    kinds = count >= 2 ? strtoul(arguments[1], NULL, 10) : 0;
    if (kinds < 1 || kinds > 299 || count > 3) {
        say("usage: small_space-NAME KINDS [WORD], where KINDS is from 1 to 299\n");
        return 2;
    }

    struct rlimit limit = {.rlim_cur = ADDRESS_SPACE, .rlim_max = ADDRESS_SPACE};
    if (setrlimit(RLIMIT_AS, &limit) == -1) {
        say("the address space cannot be limited to 16 MiB\n");
        return 2;
    }
    if (!run_round(1) || !run_round(2)) return 1;
    if (count == 3) {
        write_to(STDOUT_FILENO, "small_space: 2 rounds; ");
        write_to(STDOUT_FILENO, closing_word(arguments[2]));
        write_to(STDOUT_FILENO, "\n");
    }
    return 0;
}

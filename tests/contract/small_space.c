// small_space.c: a program in an address space of 16 MiB takes 512 mixed blocks, frees them in order, takes one block
// of 9 MiB, and does it all again. First the larger third of the blocks is of all sizes up to 64 KiB, then of 46 to 64
// KiB, which makes 9 MiB in all.
//
// Usage: small_space-NAME KINDS [WORD [MIB]]. The small blocks are of KINDS different sizes (1 to 299). With a WORD, a
// line that repeats it is printed when all has gone well, so that silence is not taken for success. The address space
// has 16 MiB, or MIB of them.
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
enum { USUAL_MIB = 16, LEAST_MIB = 12, MOST_MIB = 1024, BLOCKS = 512, LARGE_BLOCK = 9 * MIB };

static unsigned char* blocks[BLOCKS];

static size_t kinds;
static size_t space_mib = USUAL_MIB;

// How the larger third of the blocks is mixed.
enum mix { SPREAD, HEAVY };
static enum mix mix;

// Two of three are under 300 bytes. Each third is from 300 bytes to 64 KiB, every size as likely as the next; or from
// 46 to 64 KiB, and then these make up 9 MiB.
static size_t size_of(size_t index) {
    size_t mixed = index * 7919 % 1000;
    if (index % 3 != 2) return 1 + mixed % kinds * 299 / kinds;
    return mix == HEAVY ? 46 * KIB + mixed * 18 : 300 + mixed * 65;
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
    say(") returned NULL in an address space of ");
    say_number(space_mib);
    say(" MiB, in round ");
    say_number(round);
    say(when);
    return false;
}

// The first and last byte tell whether the block is still its own.
static bool is_intact(size_t index) {
    return blocks[index][0] == (unsigned char)index && blocks[index][size_of(index) - 1] == (unsigned char)index;
}

// Result: whether all calls gave memory, and no live block was changed.
static bool run_round(size_t round, enum mix of_blocks) {
    mix = of_blocks;
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

static bool is_limited_to(rlim_t bytes) {
    struct rlimit limit;
    return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur == bytes && limit.rlim_max == bytes;
}

// What the linker calls the two ends of the program in memory.
extern char __executable_start, end;  // NOLINT(bugprone-reserved-identifier): it is the linker's

// Whether the program alone is too large. The kernel would only say so by a signal.
static bool is_larger_than_space(void) {
    size_t own_mib = (size_t)(&end - &__executable_start) / MIB;
    if (own_mib < space_mib) return false;
    say("the program has static variables of ");
    say_number(own_mib);
    say(" MiB, for an address space of ");
    say_number(space_mib);
    say(" MiB\n");
    return true;
}

// A backend may take address space before main, and must find it as small then: so the program begins anew under its
// limit. Where that cannot be (an emulator may know no limits), it goes on. Result: whether there is such a limit.
static bool begin_anew_in(rlim_t bytes, char** arguments) {
    struct rlimit limit = {.rlim_cur = bytes, .rlim_max = bytes};
    if (setrlimit(RLIMIT_AS, &limit) == -1) return false;
    if (is_limited_to(bytes)) execv("/proc/self/exe", arguments);
    return true;
}

int main(int count, char** arguments) {
    kinds = count >= 2 ? strtoul(arguments[1], NULL, 10) : 0;
    if (count == 4) space_mib = strtoul(arguments[3], NULL, 10);
    if (kinds < 1 || kinds > 299 || space_mib < LEAST_MIB || space_mib > MOST_MIB || count > 4) {
        say("usage: small_space-NAME KINDS [WORD [MIB]], where KINDS is from 1 to 299, MIB from 12 to 1024\n");
        return 2;
    }

    if (is_larger_than_space()) return 1;
    if (!is_limited_to(space_mib * MIB) && !begin_anew_in(space_mib * MIB, arguments)) {
        say("the address space cannot be limited\n");
        return 2;
    }
    for (size_t round = 1; round <= 2; round++) {
        if (!run_round(round, SPREAD) || !run_round(round, HEAVY)) return 1;
    }
    if (count >= 3) {
        write_to(STDOUT_FILENO, "small_space: 2 rounds; ");
        write_to(STDOUT_FILENO, closing_word(arguments[2]));
        write_to(STDOUT_FILENO, "\n");
    }
    return 0;
}

// first_line.c: whatever changes in the first line of a freed block is seen, and a page is given up only when all of it
// is zero (par/first_line.h).
//
// Exit status: 1 with a line for each change that is not seen.

#include "par/first_line.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "par/page_bits.h"
#include "par/run_notes.h"
#include "xmalloc.h"

enum { PAGE = 4096, LINE = 64, BLOCKS = 40, WRITTEN = 21, BYTES = 100 * 1000 };

static _Alignas(PAGE) char page[PAGE];
static int failures;

static void expect(bool is_right, const char* what, int where) {
    if (is_right) return;
    printf("%s (%d)\n", what, where);
    failures++;
}

static void each_bit(void) {
    for (int i = 0; i < LINE; i++) page[i] = (char)(i * 37 + 11);
    uint32_t before = first_line_number(page);
    expect(before != NO_LINE, "a line has a number", 0);
    for (int bit = 0; bit < 8 * LINE; bit++) {
        page[bit / 8] = (char)(page[bit / 8] ^ 1 << bit % 8);
        expect(first_line_number(page) != before, "a bit of the line is not seen", bit);
        page[bit / 8] = (char)(page[bit / 8] ^ 1 << bit % 8);
    }
    page[LINE] ^= 1;
    expect(first_line_number(page) == before, "what lies behind the line is of no account", LINE);
}

static void equal_bytes(void) {
    for (int byte = 0; byte < 256; byte++) {
        memset(page, byte, LINE);
        uint32_t before = first_line_number(page);
        memset(page, byte + 1, LINE);
        expect(first_line_number(page) != before, "equal bytes in place of others are not seen", byte);
    }
}

static void words_change_places(void) {
    for (int i = 1; i < LINE / 8; i++) {
        memset(page, 0, LINE);
        page[0] = 1;
        uint32_t before = first_line_number(page);
        page[0] = 0;
        page[8 * i] = 1;
        expect(first_line_number(page) != before, "a word in another place is not seen", i);
    }
}

static void zeros(void) {
    memset(page, 0, PAGE);
    expect(first_page_is_zero(page), "a page of zeros was given up", 0);
    for (int at = 0; at < PAGE; at++) {
        page[at] = 1;
        expect(!first_page_is_zero(page), "a page with a byte in it was not given up", at);
        page[at] = 0;
    }
}

// ---- When it is looked at ----

static char* blocks[BLOCKS];

// Every other block lives, and so the region stays.
static void write_among_others(void) {
    for (size_t i = 0; i < BLOCKS; i++) memset(blocks[i] = xmalloc(BYTES), 'x', BYTES);
    for (size_t i = 1; i < BLOCKS; i += 2) xfree(blocks[i]);
    blocks[WRITTEN][0] = 'y';
}

static void take_its_pages(void) {
    write_among_others();
    for (size_t i = 0; i < 20 * BLOCKS; i++) xmalloc(BYTES);
}

static void let_the_region_go(void) {
    write_among_others();
    for (size_t i = 0; i < BLOCKS; i += 2) xfree(blocks[i]);
}

// Freed blocks may begin in pages side by side, when what lay between was taken and freed.
static void side_by_side(void) {
    static char memory[8 * PAGE];
    static struct region region = {.mapping = {MAPPING_REGION, memory}};
    for (size_t at = 3; at < 5; at++) {
        page_bits_set(region.noted, at, 1);
        *run_note(&region, at) = first_line_of_freed(memory + at * PAGE);
    }
    run_notes_look(&region, 0, 8);
    expect(page_bits_next_set(region.noted, 0) == SLOT_PAGES, "a freed block is not looked at, nor forgotten", 4);
}

static void expect_end(void (*act)(void), const char* what) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        act();
        _exit(0);
    }
    int status = 0;
    bool has_ended = child > 0 && waitpid(child, &status, 0) == child;
    expect(has_ended && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, what, status);
}

int main(void) {
    expect_end(take_its_pages, "a late write is not seen when the pages are taken");
    expect_end(let_the_region_go, "a late write is not seen when the region goes");
    side_by_side();
    each_bit();
    equal_bytes();
    words_change_places();
    zeros();
    return failures > 0;
}

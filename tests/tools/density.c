// density.c: what par concludes about huge pages from pieces of memory that it watches, case by case. How much of a
// piece has memory is said here.
//
// Counts, no clocks. Linked with --wrap=os_resident. Exit status: 1 with a line for each conclusion that is not right.

#include "par/density.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "par/os.h"
#include "par/page_map.h"

enum { PIECES = 12, LEAST_TRUST = 4, MOST_TRUST = 32, PATIENCE = 8, FULL = 80, ALMOST = 79, FIRST_SLOT = 1000 };

static unsigned percent[PIECES];  // of a piece has memory
static const char* asked_start;
static size_t asked_bytes;
static int failures;

static char* piece(int number) { return (char*)((uintptr_t)(FIRST_SLOT + number) * SLOT_BYTES); }

size_t __wrap_os_resident(void* start, size_t bytes);

size_t __wrap_os_resident(void* start, size_t bytes) {
    asked_start = start;
    asked_bytes = bytes;
    size_t number = (uintptr_t)start / SLOT_BYTES - FIRST_SLOT;
    return number < PIECES ? (bytes * percent[number] + 99) / 100 : 0;
}

static void expect(bool right, const char* what, int number) {
    if (right) return;
    printf("%s (%d)\n", what, number);
    failures++;
}

static enum density_verdict next(struct density* density, size_t slots) {
    return density_of_next(density, slots, false);
}

static void one_piece(void) {
    struct density density = {0};
    expect(next(&density, 0) == DENSITY_LOW, "nothing is known yet", 0);
    density_watch(&density, piece(0));
    percent[0] = ALMOST;
    expect(next(&density, 0) == DENSITY_LOW, "a piece that is not full", 1);
    percent[0] = FULL;
    expect(next(&density, 0) == DENSITY_HIGH, "a full piece", 2);
    expect(density_of_next(&density, 0, true) == DENSITY_LOW, "a full piece is not enough for who is trusted", 3);
}

static void two_pieces(void) {
    struct density density = {0};
    percent[0] = FULL;
    percent[1] = 0;
    density_watch(&density, piece(0));
    density_watch(&density, piece(1));
    expect(next(&density, 0) == DENSITY_HIGH, "the newest may still be being filled", 1);
    expect(next(&density, 0) == DENSITY_HIGH, "the newest may still be being filled", 2);
    expect(next(&density, 0) == DENSITY_LOW, "the newest should be full by now", 3);
    expect(density_of_next(&density, 0, true) == DENSITY_HIGH, "who is trusted need not fill it", 4);
    percent[1] = FULL;
    expect(next(&density, 0) == DENSITY_HIGH, "both are full", 5);
    percent[0] = ALMOST;
    expect(next(&density, 0) == DENSITY_LOW, "the older is not full", 6);
    percent[0] = FULL;
    percent[2] = 0;
    density_watch(&density, piece(2));
    expect(next(&density, 0) == DENSITY_HIGH, "a new one may still be being filled", 7);
}

// So many slots until the next one is watched.
static int until_watched(struct density* density, bool is_trusted) {
    for (int slots = 1; slots < 100; slots++) {
        enum density_verdict verdict = density_of_next(density, 1, is_trusted);
        if (verdict == DENSITY_HIGH_WATCH_ONE) return slots;
        if (verdict != DENSITY_HIGH) return -1;
    }
    return 0;
}

static void trust(void) {
    struct density density = {0};
    for (int i = 0; i < PIECES; i++) percent[i] = FULL;
    density_watch(&density, piece(0));
    density_watch(&density, piece(1));
    for (int round = 1; round < PIECES - 2; round++) {
        int due = round * LEAST_TRUST < MOST_TRUST ? round * LEAST_TRUST : MOST_TRUST;
        expect(until_watched(&density, false) == due, "trust grows, up to its limit", round);
        density_watch(&density, piece(round + 1));
    }
    percent[PIECES - 2] = 0;
    for (int i = 0; i < 3; i++) (void)next(&density, 0);
    percent[PIECES - 2] = FULL;
    density_watch(&density, piece(PIECES - 1));
    for (int i = 0; i < PIECES; i++) percent[i] = 0;
    expect(next(&density, 0) == DENSITY_LOW, "nothing is full any more", 1);
    for (int i = 0; i < PIECES; i++) percent[i] = FULL;
    expect(until_watched(&density, false) == LEAST_TRUST, "trust begins anew", 2);
    density_watch(&density, piece(0));
    expect(until_watched(&density, true) == MOST_TRUST, "who is trusted is from the beginning", 3);
}

static void patience(void) {
    struct density density = {0};
    for (int i = 0; i < PIECES; i++) percent[i] = FULL;
    percent[0] = 0;
    int given_up_at = 0;
    for (int number = 0; number < PIECES && given_up_at == 0; number++) {
        density_watch(&density, piece(number));
        if (number > 0 && next(&density, 0) == DENSITY_HIGH) given_up_at = number;
    }
    expect(given_up_at == PATIENCE, "an older piece that never fills is given up", given_up_at);
}

static void forget(void) {
    struct density density = {0};
    percent[0] = FULL;
    density_watch(&density, piece(0));
    density_forget(&density, piece(1), true);
    expect(next(&density, 0) == DENSITY_HIGH, "another piece goes", 1);
    density_forget(&density, piece(0), true);
    percent[0] = 0;
    expect(next(&density, 0) == DENSITY_HIGH, "the piece was full when it went", 2);
    density_watch(&density, piece(2));
    percent[2] = ALMOST;
    density_forget(&density, piece(2), false);
    expect(next(&density, 0) == DENSITY_HIGH, "what went otherwise than it was filled says nothing", 3);
    density_watch(&density, piece(2));
    density_forget(&density, piece(2), true);
    expect(next(&density, 0) == DENSITY_LOW, "the piece was not full when it went", 4);
}

static void ranges(void) {
    percent[0] = ALMOST;
    percent[1] = percent[2] = FULL;
    expect(!density_of_range_is_high(piece(0), SLOT_BYTES), "a slot that is not full", 1);
    expect(density_of_range_is_high(piece(1), SLOT_BYTES), "a full slot", 2);
    expect(density_of_range_is_high(piece(0), 3 * SLOT_BYTES), "of a long range the end", 3);
    expect(asked_start == piece(2) && asked_bytes == SLOT_BYTES, "... as much as a slot", 4);
    expect(density_of_range_is_high(piece(1), SLOT_BYTES / 2), "half a slot", 5);
    expect(asked_start == piece(1) && asked_bytes == SLOT_BYTES / 2, "... and no more than that", 6);
}

static void kinds(void) {
    static const struct {
        size_t units;
        unsigned kind;
    } of[] = {{1, 0},  {3, 0},     {4, 1},     {15, 1},    {16, 2},
              {64, 3}, {16383, 6}, {16384, 7}, {65536, 7}, {(size_t)1 << 40, 7}};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        expect(density_kind_of(of[i].units) == of[i].kind, "the kind of a length", (int)i);
    }
}

int main(void) {
    kinds();
    one_piece();
    two_pieces();
    trust();
    patience();
    forget();
    ranges();
    return failures > 0;
}

// growth.c: see growth.h.

#include "tests/suite/support/growth.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "tests/suite/support/bands.h"
#include "tests/suite/support/calls.h"
#include "tests/suite/support/process.h"
#include "tests/suite/support/traits.h"
enum { PAGE = 4096, SLOW_MS = 150 };

size_t bytes_now(void) { return backend.course ? resident_bytes() : mapped_bytes(); }
size_t grown_since(size_t before) { return backend.course ? resident_since(before) : mapped_since(before); }

static size_t grown_at_rest(size_t before, size_t most) {
    return backend.course ? resident_at_rest(before, most) : mapped_at_rest(before, most);
}

static const char* what_grew(void) { return backend.course ? "memory" : "address space"; }

// most: what the growth is measured against, now; allowed: at the end.
static void expect_growth(size_t most, size_t allowed, size_t before, const char* what, size_t times) {
    size_t grown = grown_at_rest(before, most);
    if (grown > most || (most == allowed && grown > allowed / 2)) tell_growth(grown, allowed);
    if (grown <= most) return;
    fail_test(
        "%s %zu times, and the %s of the process grew by %zu KiB: freed memory is not reused (at most %zu KiB are "
        "accepted; last call: %s)",
        what, times, what_grew(), grown / KIB, allowed / KIB, last_call());
}

void expect_growth_below(size_t allowed, size_t before, const char* what, size_t times) {
    expect_growth(allowed, allowed, before, what, times);
}

void look_at_growth(size_t allowed, size_t before, const char* what, size_t times) {
    expect_growth(2 * allowed, allowed, before, what, times);
}

size_t allowed_in(size_t band) { return 4 * MIB + 2 * band_most(band); }

static size_t enough_bytes(size_t band) { return 2 * allowed_in(band); }

size_t enough_blocks(size_t band) { return band_count(band, enough_bytes(band), 1, SIZE_MAX); }

size_t cpu_ms(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (size_t)used.tv_sec * 1000 + (size_t)used.tv_nsec / 1000000;
}

bool is_enough(size_t band, size_t blocks, size_t start_ms) {
    size_t least = band_least(band) < PAGE ? PAGE : band_least(band);
    return blocks * least >= enough_bytes(band) && cpu_ms() - start_ms > SLOW_MS;
}

const char* in_words(size_t band, const char* what) {
    static char text[256];
    snprintf(text, sizeof text, "a block of %zu to %zu bytes was %s", band_least(band), band_most(band), what);
    return text;
}

static void* touch(void* block, size_t size) {
    unsigned char* bytes = block;
    if (bytes == NULL) fail_test("%s returned NULL although nearly all blocks have been freed", last_call());
    for (size_t i = 0; backend.course && i < size; i += PAGE) bytes[i] = 1;
    bytes[0] = 1;
    bytes[size - 1] = 1;
    return block;
}

void* take_real(size_t size) { return touch(call_xmalloc(size), size); }

// What it held before is real already, and lost in full when it is lost: no more need be.
void* resize_real(void* block, size_t size, size_t new_size) {
    unsigned char* bytes = call_xrealloc(block, size, new_size);
    if (bytes == NULL) fail_test("%s returned NULL although nearly all blocks have been freed", last_call());
    bytes[0] = 1;
    bytes[new_size - 1] = 1;
    return bytes;
}

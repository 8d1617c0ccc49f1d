// slack.c: see slack.h.

#include "par/slack.h"

#include <stdatomic.h>
#include <stdint.h>

#include "par/harden.h"
#include "par/page_map.h"

enum {
    NEAR_WORDS = 4,           // that are looked at behind the end,
    LAST_WORDS = 2,           // and before the end of the page; where there is no room for all, each byte is
    LONG_BYTES = 256 * 1024,  // of a long block
    SKIPS_MOST = 63,          // long blocks that are not looked at, in a row
};

typedef uint64_t word __attribute__((may_alias, aligned(1)));

// The end of the caller's bytes, and of their page.
struct ends {
    char* block;
    char* page;
};

static struct ends ends_of(const char* end) {
    return (struct ends){(char*)end, (char*)end + (PAGE_BYTES - (uintptr_t)end % PAGE_BYTES)};
}

static bool is_short(struct ends ends) {
    return (size_t)(ends.page - ends.block) < (NEAR_WORDS + LAST_WORDS) * sizeof(word);
}

static uint64_t mark_of(struct ends ends) {
    return ((uintptr_t)ends.block * UINT64_C(0x9e3779b97f4a7c15)) | UINT64_C(0x0101010101010101);
}

// Whether all that is looked at is this mark, or 0.
static inline bool holds(struct ends ends, uint64_t mark) {
    uint64_t bits = 0;
    if (__builtin_expect(is_short(ends), 0)) {
        for (const char* place = ends.block; place < ends.page; place++) bits |= (uint8_t)*place ^ (mark & 0xff);
        return bits == 0;
    }
    const word* near = (const word*)ends.block;
    const word* page = (const word*)ends.page;
    for (int i = 0; i < NEAR_WORDS; i++) bits |= near[i] ^ mark;
    for (int i = 1; i <= LAST_WORDS; i++) bits |= page[-i] ^ mark;
    return bits == 0;
}

static void write_mark(struct ends ends, uint64_t mark) {
    if (is_short(ends)) {
        for (char* place = ends.block; place < ends.page; place++) *place = (char)mark;
        return;
    }
    word* near = (word*)ends.block;
    word* page = (word*)ends.page;
    for (int i = 0; i < NEAR_WORDS; i++) near[i] = mark;
    for (int i = 1; i <= LAST_WORDS; i++) page[-i] = mark;
}

// ---- Long blocks that are hardly touched ----

static atomic_uint skips;    // so many are not looked at between two that are,
static atomic_uint skipped;  // and so many were not

static unsigned load(atomic_uint* number) {
    // order: relaxed, here and below. The numbers lead to no memory, and what gets lost between threads costs a look.
    return atomic_load_explicit(number, memory_order_relaxed);
}

static void set(atomic_uint* number, unsigned value) {
    // order: relaxed, as in load.
    atomic_store_explicit(number, value, memory_order_relaxed);
}

static bool is_skipped(size_t bytes) {
    if (bytes < LONG_BYTES || load(&skips) == 0) return false;
    unsigned now = load(&skipped);
    set(&skipped, now < load(&skips) ? now + 1 : 0);
    return now < load(&skips);
}

// A long block that holds zeros before its end was probably never written there.
static void learn(const char* start, struct used used) {
    const word* last = (const word*)(start + used.bytes - sizeof(word));
    unsigned now = load(&skips);
    unsigned wanted = *last != 0 ? 0 : now < SKIPS_MOST ? 2 * now + 1 : SKIPS_MOST;
    if (wanted != now) set(&skips, wanted);
}

// ---- The two calls ----

struct used slack_seal(char* start, size_t bytes, enum slack behind) {
    size_t whole = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    if (!pages_are_watched() || bytes == whole) return (struct used){whole, SLACK_UNKNOWN};
    struct used used = {bytes, behind};
    if (behind == SLACK_FRESH || is_skipped(bytes)) return used;
    struct ends ends = ends_of(start + bytes);
    used.slack = SLACK_ZEROS;
    if (holds(ends, 0)) return used;
    used.slack = SLACK_MARK;
    write_mark(ends, mark_of(ends));
    return used;
}

bool slack_is_whole(const char* start, struct used used) {
    if (used.slack != SLACK_MARK && is_skipped(used.bytes)) return true;
    struct ends ends = ends_of(start + used.bytes);
    if (!holds(ends, used.slack == SLACK_MARK ? mark_of(ends) : 0)) return false;
    if (used.bytes >= LONG_BYTES) learn(start, used);
    return true;
}

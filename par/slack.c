// slack.c: see slack.h.

#include "par/slack.h"

#include <stdatomic.h>
#include <stdint.h>

#include "par/estimate.h"
#include "par/harden.h"
#include "par/page_map.h"

enum {
    NEAR_WORDS = 4,           // that are looked at behind the end,
    LAST_WORDS = 2,           // and before the end of the page; where there is no room for all, each byte is
    LONG_BYTES = 256 * 1024,  // of a long block
    SKIPS_MOST = 63,          // long blocks that are not looked at, in a row
    FIRST_MARKS_MOST = 64,    // marks in fresh memory
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

// Whether the page was given up: it holds zeros up to its end.
static bool is_given_up(struct ends ends) {
    for (const char* place = ends.block; place < ends.page; place++) {
        if (*place != 0) return false;
    }
    return true;
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

static atomic_size_t skips;    // so many are not looked at between two that are,
static atomic_size_t skipped;  // and so many were not

static bool is_skipped(size_t bytes) {
    if (bytes < LONG_BYTES || estimate(&skips) == 0) return false;
    size_t now = estimate(&skipped);
    estimate_set(&skipped, now < estimate(&skips) ? now + 1 : 0);
    return now < estimate(&skips);
}

// A long block that holds zeros at its end was probably never written there.
static void learn(bool is_filled) {
    size_t now = estimate(&skips);
    size_t wanted = is_filled ? 0 : now < SKIPS_MOST ? 2 * now + 1 : SKIPS_MOST;
    if (wanted != now) estimate_set(&skips, wanted);
}

// ---- Marks in fresh memory ----

static atomic_size_t first_marks;  // of blocks that live, and of those whose end nobody came to

static bool may_mark_first(void) {
    if (estimate(&first_marks) >= FIRST_MARKS_MOST) return false;
    estimate_add(&first_marks, 1);
    return true;
}

// The page of the mark is one that the block's owner needed.
static void first_mark_was_free(void) { estimate_add(&first_marks, -(size_t)1); }

// ---- The calls ----

struct used slack_seal(char* start, size_t bytes, enum slack behind) {
    size_t whole = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    if (!pages_are_watched() || bytes == whole) return (struct used){whole, SLACK_UNKNOWN};
    struct used used = {bytes, behind};
    struct ends ends = ends_of(start + bytes);
    if (behind == SLACK_FRESH) {
        if (!may_mark_first()) return used;
        used.slack = SLACK_FIRST_MARK;
    } else {
        if (is_skipped(bytes)) return used;
        used.slack = SLACK_ZEROS;
        if (holds(ends, 0)) return used;
        used.slack = SLACK_MARK;
    }
    write_mark(ends, mark_of(ends));
    return used;
}

enum slack slack_behind(struct used used, size_t bytes) {
    bool is_behind_mark = bytes / PAGE_BYTES > used.bytes / PAGE_BYTES;
    bool is_fresh =
        used.slack == SLACK_FRESH ? bytes >= used.bytes : used.slack >= SLACK_MARK_BEFORE_ZEROS && is_behind_mark;
    return is_fresh ? SLACK_FRESH : SLACK_UNKNOWN;
}

bool slack_is_whole(const char* start, struct used* used) {
    bool is_marked = used->slack >= SLACK_MARK;
    if (!is_marked && is_skipped(used->bytes)) return true;
    struct ends ends = ends_of(start + used->bytes);
    if (!holds(ends, is_marked ? mark_of(ends) : 0) && !(is_marked && is_given_up(ends))) return false;
    if (used->bytes < LONG_BYTES && used->slack != SLACK_FIRST_MARK) return true;
    bool is_filled = used->bytes < sizeof(word) || *(const word*)(ends.block - sizeof(word)) != 0;
    if (used->bytes >= LONG_BYTES) learn(is_filled);
    if (used->slack == SLACK_FIRST_MARK && is_filled) {
        first_mark_was_free();
        used->slack = SLACK_MARK_BEFORE_ZEROS;
    }
    return true;
}

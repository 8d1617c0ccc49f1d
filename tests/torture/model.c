// model.c: see model.h.

#include "tests/torture/model.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/torture/pages.h"

enum {
    UNIT_BYTES = 16,  // that a bit stands for
    LEAF_BITS = 30,
    LEAF_WORDS = (1 << LEAF_BITS) / UNIT_BYTES / 64,
    POOL_LEAVES = 16,
    ROOT_ENTRIES = 1 << (48 - LEAF_BITS),
    LINE_BYTES = 64,
    WHOLE_MOST_BYTES = 1024,  // a block of more is checked in part
};

// ---- What is wrong --------------------------------------------------------------------------------------------------

static void print_and_abort(const char* sentence) {
    dprintf(STDERR_FILENO, "torture: %s\n", sentence);
    abort();
}

void (*model_report)(const char* sentence) = print_and_abort;

_Noreturn void model_fail(const char* format, ...) {
    char sentence[240];
    va_list values;
    va_start(values, format);
    vsnprintf(sentence, sizeof sentence, format, values);
    va_end(values);
    model_report(sentence);
    abort();
}

// ---- Overlap --------------------------------------------------------------------------------------------------------

static _Atomic(_Atomic uint64_t*) root[ROOT_ENTRIES];

// Leaves for a while to come are mapped at the first call, so that a test may take the rest of the address space or of
// the mappings away.
static _Atomic uint64_t* fresh_leaf(void) {
    static _Atomic(_Atomic uint64_t*) pool;
    static atomic_size_t taken;
    if (atomic_load(&pool) == NULL) {
        _Atomic uint64_t* none = NULL;
        _Atomic uint64_t* made = pages_take(POOL_LEAVES * LEAF_WORDS * sizeof *made, MAP_PRIVATE);
        if (!atomic_compare_exchange_strong(&pool, &none, made)) {
            pages_give((void*)made, POOL_LEAVES * LEAF_WORDS * sizeof *made);
        }
    }
    size_t number = atomic_fetch_add(&taken, 1);
    return number < POOL_LEAVES ? atomic_load(&pool) + number * LEAF_WORDS
                                : pages_take(LEAF_WORDS * sizeof(uint64_t), MAP_PRIVATE);
}

static _Atomic uint64_t* leaf_of(uintptr_t address) {
    _Atomic(_Atomic uint64_t*)* entry = &root[address >> LEAF_BITS];
    _Atomic uint64_t* leaf = atomic_load_explicit(entry, memory_order_acquire);
    if (leaf != NULL) return leaf;
    _Atomic uint64_t* fresh = fresh_leaf();  // in a race one stays unused, and costs no memory
    return atomic_compare_exchange_strong(entry, &leaf, fresh) ? fresh : leaf;
}

// Sets or clears the bits of a block. A block of 0 bytes has one, for its address is its own. The order is relaxed: who
// hands out the same memory twice without an order in between is found all the same, as the bits change atomically.
static void mark(const char* start, size_t bytes, bool live) {
    uintptr_t unit = (uintptr_t)start / UNIT_BYTES;
    uintptr_t end = ((uintptr_t)start + (bytes > 0 ? bytes : 1) + UNIT_BYTES - 1) / UNIT_BYTES;
    while (unit < end) {
        uintptr_t first_bit = unit % 64;
        uintptr_t bits = 64 - first_bit < end - unit ? 64 - first_bit : end - unit;
        uint64_t mask = (bits == 64 ? ~(uint64_t)0 : ((uint64_t)1 << bits) - 1) << first_bit;
        _Atomic uint64_t* word = &leaf_of(unit * UNIT_BYTES)[unit / 64 % LEAF_WORDS];
        if (live) {
            uint64_t before = atomic_fetch_or_explicit(word, mask, memory_order_relaxed);
            if ((before & mask) != 0) model_fail("the block at %p of %zu bytes overlaps a live one", start, bytes);
        } else {
            uint64_t before = atomic_fetch_and_explicit(word, ~mask, memory_order_relaxed);
            if ((before & mask) != mask)
                model_fail("the block at %p of %zu bytes is not as it was noted", start, bytes);
        }
        unit += bits;
    }
}

// ---- Content --------------------------------------------------------------------------------------------------------

static uint64_t word_at(uint64_t seed, size_t index) { return (seed + index) * 0x9e3779b97f4a7c15u; }

// Writes the bytes from `from` to end - 1 of a block's content.
static void write_bytes(char* start, uint64_t seed, size_t from, size_t end) {
    while (from < end) {
        uint64_t word = word_at(seed, from / 8);
        size_t in_word = from % 8;
        size_t count = 8 - in_word < end - from ? 8 - in_word : end - from;
        memcpy(start + from, (char*)&word + in_word, count);
        from += count;
    }
}

static void check_bytes(const char* start, size_t bytes, uint64_t seed, size_t from, size_t end) {
    while (from < end) {
        uint64_t word = word_at(seed, from / 8);
        size_t in_word = from % 8;
        size_t count = 8 - in_word < end - from ? 8 - in_word : end - from;
        if (memcmp(start + from, (char*)&word + in_word, count) != 0) {
            model_fail("byte %zu or one right behind it has changed in the block at %p of %zu bytes", from, start,
                       bytes);
        }
        from += count;
    }
}

// The line that is written and checked in the part of a block that begins at `from`.
static size_t line_in(uint64_t seed, size_t from, size_t part_bytes) {
    return from + (word_at(seed ^ 1, from) >> 32) % (part_bytes / LINE_BYTES) * LINE_BYTES;
}

static size_t part_bytes(size_t from) { return from < 65536 ? 4096 : 65536; }

// Calls `each` for the parts of a block that are written, or of its first `within` bytes.
#define FOR_EACH_PART(bytes, within, seed, each)                                     \
    do {                                                                             \
        if ((bytes) <= WHOLE_MOST_BYTES) {                                           \
            each(0, within);                                                         \
            break;                                                                   \
        }                                                                            \
        each(0, (within) < LINE_BYTES ? (within) : LINE_BYTES);                      \
        for (size_t at = 0; at + part_bytes(at) <= (within); at += part_bytes(at)) { \
            size_t line = line_in(seed, at, part_bytes(at));                         \
            each(line, line + LINE_BYTES);                                           \
        }                                                                            \
        if ((within) == (bytes)) each((bytes)-LINE_BYTES, bytes);                    \
    } while (false)

static void write_content(const struct block* block) {
#define WRITE(from, end) write_bytes(block->start, block->seed, from, end)
    FOR_EACH_PART(block->bytes, block->bytes, block->seed, WRITE);
#undef WRITE
}

static void check_content(const struct block* block, const char* start, size_t within) {
#define CHECK(from, end) check_bytes(start, within, block->seed, from, end)
    FOR_EACH_PART(block->bytes, within, block->seed, CHECK);
#undef CHECK
}

static void check_zero_bytes(const char* start, size_t from, size_t end) {
    if (from >= end) return;
    if (start[from] == 0 && memcmp(start + from, start + from + 1, end - from - 1) == 0) return;
    model_fail("what calloc gave at %p is not zero between the bytes %zu and %zu", start, from, end);
}

static void check_zeros(const char* start, size_t bytes) {
    size_t whole = bytes < 65536 ? bytes : 65536;
    check_zero_bytes(start, 0, whole);
    for (size_t at = whole; at + part_bytes(at) <= bytes; at += part_bytes(at)) {
        size_t line = line_in((uintptr_t)start, at, part_bytes(at));
        check_zero_bytes(start, line, line + LINE_BYTES);
    }
    check_zero_bytes(start, bytes > LINE_BYTES ? bytes - LINE_BYTES : 0, bytes);
}

// ---- Blocks ---------------------------------------------------------------------------------------------------------

struct block model_take(void* start, size_t bytes, size_t alignment, size_t zeros, uint64_t seed) {
    struct block block = {start, bytes, seed};
    if ((uintptr_t)start % alignment != 0) {
        model_fail("the block at %p of %zu bytes is not aligned to %zu", start, bytes, alignment);
    }
    mark(block.start, bytes, true);
    check_zeros(start, zeros);
    write_content(&block);
    return block;
}

void model_check(const struct block* block) { check_content(block, block->start, block->bytes); }

void model_leave(const struct block* block) {
    model_check(block);
    mark(block->start, block->bytes, false);
}

void model_stay(const struct block* block) {
    mark(block->start, block->bytes, true);
    model_check(block);
}

struct block model_move(const struct block* before, void* start, size_t bytes, size_t kept, uint64_t seed) {
    struct block block = {start, bytes, seed};
    if ((uintptr_t)start % UNIT_BYTES != 0) model_fail("the block at %p of %zu bytes is not aligned", start, bytes);
    mark(block.start, bytes, true);
    check_content(before, start, before->bytes < kept ? before->bytes : kept);
    write_content(&block);
    return block;
}

// ---- Memory ---------------------------------------------------------------------------------------------------------

size_t model_resident_bytes(void) {
    for (size_t i = 0; i < ROOT_ENTRIES; i++) {
        // All bits are clear, so nothing is lost.
        _Atomic uint64_t* leaf = atomic_load(&root[i]);
        if (leaf != NULL) syscall(SYS_madvise, leaf, LEAF_WORDS * sizeof *leaf, MADV_DONTNEED);
    }
    char text[4096] = {0};
    int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    bool is_read = file >= 0 && read(file, text, sizeof text - 1) > 0;
    close(file);
    // In KiB, whatever a page has.
    const char* resident = strstr(text, "VmRSS:");
    if (!is_read || resident == NULL) model_fail("/proc/self/status does not say what is resident");
    return strtoul(resident + strlen("VmRSS:"), NULL, 10) * 1024;
}

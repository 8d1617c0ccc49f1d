// sequence.c: see sequence.h.

#include "tests/torture/sequence.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/torture/calls.h"

enum { ERRNO_BEFORE = 77, LOOK_MOST_BYTES = 4096, MAIL_NONE = 0, MAIL_BUSY, MAIL_THERE };

static uint64_t mixed(uint64_t number) {
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9u;
    number = (number ^ number >> 27) * 0x94d049bb133111ebu;
    return number ^ number >> 31;
}

uint64_t operation_at(uint64_t seed, size_t thread, size_t index) {
    return mixed(mixed(seed + ((uint64_t)thread << 56)) + (index + 1) * 0x9e3779b97f4a7c15u);
}

struct profile profile_of(uint64_t seed) {
    static const uint8_t shares[][6] = {
        {8, 8, 0, 0, 0, 0}, {2, 10, 3, 1, 0, 0}, {0, 2, 12, 2, 0, 0},
        {3, 4, 4, 3, 1, 1}, {4, 5, 4, 2, 1, 0},  {16, 0, 0, 0, 0, 0},
    };
    static const size_t slots[] = {SLOTS_MOST, 512, 1024, 48, SLOTS_MOST, 128};
    static const uint8_t gives[] = {96, 96, 64, 160};
    uint64_t draw = mixed(seed);
    struct profile profile = {
        .slots = slots[draw / 8 % 6],
        .give_share = gives[draw / 64 % 4],
        .resize_share = (uint8_t)(draw / 256 % 2 == 0 ? 32 : 80),
        .pass_share = (uint8_t)(draw / 512 % 4 * 5),
        .live_bytes_most = (size_t)16 << 20,
    };
    memcpy(profile.size_shares, shares[draw / 4096 % 6], sizeof profile.size_shares);
    return profile;
}

// ---- What an operation means ----------------------------------------------------------------------------------------

struct operation {
    size_t slot;
    unsigned act;   // 0 to 255: what to do with a block, by the shares of the profile
    enum take how;  // to take one
    size_t alignment;
    size_t bytes;
    uint64_t seed;
};

// Lengths at which an allocator changes its mind, and those that no machine has.
static size_t next_to_a_limit(uint64_t draw) {
    if (draw % 64 == 63) return SIZE_MAX - draw / 64 % (draw / 64 % 2 == 0 ? 70000 : 64);
    if (draw % 64 == 62) return (size_t)PTRDIFF_MAX - 35000 + draw / 64 % 70000;
    size_t limit = (size_t)16 << (draw / 64 % (draw / 1024 % 8 == 0 ? 18 : 13));  // 16 bytes to 64 KiB, or to 2 MiB
    limit += limit / 8 * (draw / 8192 % 8);
    return limit + draw % 3 - 1;
}

static size_t bytes_of(const struct profile* profile, unsigned kind, uint64_t draw) {
    unsigned at = 0;
    unsigned share = 0;
    while (at < 5 && kind >= (share += profile->size_shares[at])) at++;
    switch (at) {
        case 0:
            return draw % 65;
        case 1:
            return draw % 1025;
        case 2:
            return draw % 65537;
        case 3:
            return next_to_a_limit(draw);
        // Seldom so long, since the kernel must clear it.
        case 4:
            return draw % ((size_t)2 << (draw >> 21 == 0 ? 20 : 16));
        default:
            return draw % ((size_t)16 << (draw >> 19 == 0 ? 20 : 15));
    }
}

static struct operation decoded(const struct player* player, uint64_t word) {
    static const enum take ways[16] = {TAKE_ZEROS, TAKE_ZEROS, TAKE_ZEROS, TAKE_ALIGNED, TAKE_POSIX, TAKE_MEMALIGN};
    struct operation operation = {
        .slot = (word & 0xfff) % player->profile->slots,
        .act = word >> 12 & 0xff,
        .how = ways[word >> 20 & 15],
        .bytes = bytes_of(player->profile, word >> 24 & 15, word >> 28 & 0xffffff),
        // Mostly up to a page, seldom up to 32 MiB.
        .alignment = (size_t)8 << (word >> 52 & 7) << (((word >> 55 & 15) == 15) ? (word >> 59) % 16 : 0),
        .seed = word,
    };
    bool much = player->live_bytes > player->profile->live_bytes_most;
    if (much && operation.bytes <= PTRDIFF_MAX / 2) operation.bytes %= 256;
    if (much) operation.alignment %= 4096;
    if (operation.alignment < sizeof(void*)) operation.alignment = sizeof(void*);
    return operation;
}

// ---- The trace ------------------------------------------------------------------------------------------------------

static void trace_take(const struct player* player, const struct operation* operation) {
    char call[100];
    if (!player->traces) return;
    calls_print_take(call, sizeof call, operation->how, operation->alignment, operation->bytes);
    dprintf(STDERR_FILENO, "    thread %zu: b[%zu] = %s;\n", player->thread, operation->slot, call);
}

static void trace_resize(const struct player* player, const struct operation* operation, bool as_array) {
    char call[100];
    if (!player->traces) return;
    calls_print_resize(call, sizeof call, operation->slot, operation->bytes, as_array);
    dprintf(STDERR_FILENO, "    thread %zu: b[%zu] = %s;\n", player->thread, operation->slot, call);
}

static void trace_slot(const struct player* player, const char* call, size_t slot) {
    if (player->traces) dprintf(STDERR_FILENO, "    thread %zu: %s(b[%zu]);\n", player->thread, call, slot);
}

// ---- Playing --------------------------------------------------------------------------------------------------------

// A call gave NULL. It must say why, and must have a reason: a length that no machine has, or an excuse.
static void refused(struct player* player, const struct operation* operation) {
    if (errno != ENOMEM) model_fail("NULL for %zu bytes came with errno %d and not ENOMEM", operation->bytes, errno);
    player->refusals++;
    if (operation->bytes > PTRDIFF_MAX / 2 || operation->alignment > PTRDIFF_MAX / 2) return;
    if (player->excuses != NULL && player->excuses()) return;
    model_fail("there was no memory for %zu bytes, and no reason", operation->bytes);
}

// The block as the model shall know it: a quarter of them are used to the last byte that may be used.
static size_t used_bytes(void* start, const struct operation* operation) {
    size_t usable = calls_usable(start, operation->bytes);
    if (usable < operation->bytes) {
        model_fail("of the block at %p of %zu bytes only %zu are usable", start, operation->bytes, usable);
    }
    return operation->seed % 4 == 0 ? usable : operation->bytes;
}

static void take(struct player* player, const struct operation* operation) {
    trace_take(player, operation);
    errno = ERRNO_BEFORE;
    void* start = calls_take(operation->how, operation->alignment, operation->bytes);
    if (start == NULL) {
        refused(player, operation);
        return;
    }
    size_t bytes = used_bytes(start, operation);
    player->blocks[operation->slot] =
        model_take(start, bytes, calls_promise_alignment(operation->how, operation->alignment),
                   calls_promise_zeros(operation->how) ? operation->bytes : 0, operation->seed);
    player->live_bytes += bytes;
}

static void give(struct player* player, size_t slot) {
    struct block* block = &player->blocks[slot];
    trace_slot(player, calls_give_name(), slot);
    model_leave(block);
    player->live_bytes -= block->bytes;
    errno = ERRNO_BEFORE;
    calls_give(block->start);
    if (errno != ERRNO_BEFORE) model_fail("a free has changed errno from %d to %d", ERRNO_BEFORE, errno);
    block->start = NULL;
}

static void resize(struct player* player, const struct operation* operation) {
    struct block* block = &player->blocks[operation->slot];
    bool as_array = operation->seed >> 40 & 1;
    trace_resize(player, operation, as_array);
    model_leave(block);
    errno = ERRNO_BEFORE;
    void* start = calls_resize(block->start, operation->bytes, as_array);
    if (start == NULL && operation->bytes > 0) {
        refused(player, operation);
        model_stay(block);
        return;
    }
    player->live_bytes -= block->bytes;
    if (start == NULL) {
        block->start = NULL;
        return;
    }
    size_t bytes = used_bytes(start, operation);
    *block = model_move(block, start, bytes, operation->bytes, operation->seed);
    player->live_bytes += bytes;
}

// Puts a player's block into a mailbox and takes out what is there.
static void exchange(struct player* player, size_t slot, size_t mailbox_number) {
    struct mailbox* mailbox = &player->mailboxes[mailbox_number];
    int state = atomic_load_explicit(&mailbox->state, memory_order_relaxed);
    if (state == MAIL_BUSY || !atomic_compare_exchange_strong(&mailbox->state, &state, MAIL_BUSY)) return;
    struct block mine = player->blocks[slot];
    struct block theirs = state == MAIL_THERE ? mailbox->block : (struct block){.start = NULL};
    mailbox->block = mine;
    player->blocks[slot] = theirs;
    atomic_store(&mailbox->state, mine.start == NULL ? MAIL_NONE : MAIL_THERE);
    if (mine.start != NULL) player->live_bytes -= mine.bytes;
    if (theirs.start != NULL) player->live_bytes += theirs.bytes;
    if (player->traces) {
        dprintf(STDERR_FILENO, "    thread %zu: swap(b[%zu], mail[%zu]);\n", player->thread, slot, mailbox_number);
    }
}

void player_play(struct player* player, uint64_t word) {
    const struct profile* profile = player->profile;
    struct operation operation = decoded(player, word);
    size_t mailbox = operation.seed >> 30 & (MAILBOXES - 1);
    unsigned act = operation.act;
    if (player->blocks[operation.slot].start == NULL) {
        if (act < profile->pass_share) {
            exchange(player, operation.slot, mailbox);
        } else {
            take(player, &operation);
        }
    } else if (act < profile->give_share) {
        give(player, operation.slot);
    } else if ((act -= profile->give_share) < profile->resize_share) {
        resize(player, &operation);
    } else if (act - profile->resize_share < profile->pass_share) {
        exchange(player, operation.slot, mailbox);
    } else if (player->blocks[operation.slot].bytes <= LOOK_MOST_BYTES) {
        model_check(&player->blocks[operation.slot]);  // a longer one is looked at when it goes
    }
}

void player_end(struct player* player) {
    for (size_t slot = 0; slot < player->profile->slots; slot++) {
        if (player->blocks[slot].start != NULL) give(player, slot);
    }
}

void mailboxes_empty(struct player* player) {
    for (size_t i = 0; i < MAILBOXES; i++) {
        exchange(player, 0, i);
        if (player->blocks[0].start != NULL) give(player, 0);
    }
}

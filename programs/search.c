// search.c: see search.h.

#include "programs/search.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>

#include "programs/answer.h"
#include "programs/crew.h"
#include "programs/digest.h"
#include "programs/failure.h"
#include "programs/step.h"
#include "xmalloc.h"

enum slot_state { SLOT_OPEN, SLOT_CLAIMED, SLOT_SPENT };

struct slot {
    uint64_t number;     // owned, like the sequence, by whoever claimed the slot
    void* sequence;      // of the number, as far as it goes
    atomic_uchar state;  // an enum slot_state
};

struct search_state {
    const struct sequence_kind* kind;
    struct slot* slots;
    uint64_t slot_count;
    void** kept;                  // kept[i] is the whole sequence of the number i + 1
    uint64_t count;               // of numbers
    atomic_uint_fast64_t ticket;  // the next slot to look at, counted on through all rounds
    atomic_uint_fast64_t next;    // the next number to begin with
};

// Takes the sequence of a claimed slot one stride further. Returns whether it has reached 1.
static bool slot_advance(const struct sequence_kind* kind, struct slot* slot) {
    void* original = slot->sequence;
    void* longer = kind->copy(original);
    uint64_t value = kind->last(longer);
    for (unsigned i = 0; i < STRIDE_ELEMENTS && value != 1; i++) {
        if (!collatz_step(value, &value)) {
            fail(EXIT_NO_ANSWER, "the sequence of %" PRIu64 " leaves 64 bits: 3 * %" PRIu64 " + 1", slot->number,
                 value);
        }
        kind->append(longer, value);
    }
    kind->release(original);
    slot->sequence = longer;
    return value == 1;
}

// Keeps the sequence of a claimed slot and begins with the next number. Returns false when there is none left.
static bool slot_renew(struct search_state* state, struct slot* slot) {
    state->kept[slot->number - 1] = slot->sequence;
    slot->number = atomic_fetch_add(&state->next, 1);
    if (slot->number > state->count) return false;
    slot->sequence = state->kind->start(slot->number);
    return true;
}

// A thread may leave when it drew a whole round of tickets in vain. Nothing is left behind by that: whoever opens a
// slot again draws on, and before it has drawn a round in vain itself somebody has looked at that slot.
static void search_work(void* context, unsigned which) {
    (void)which;
    struct search_state* state = context;
    uint64_t in_vain = 0;
    while (in_vain < state->slot_count) {
        struct slot* slot = &state->slots[atomic_fetch_add(&state->ticket, 1) % state->slot_count];
        unsigned char expected = SLOT_OPEN;
        if (!atomic_compare_exchange_strong_explicit(&slot->state, &expected, SLOT_CLAIMED, memory_order_acquire,
                                                     memory_order_relaxed)) {
            in_vain++;
            continue;
        }
        in_vain = 0;
        bool goes_on = !slot_advance(state->kind, slot) || slot_renew(state, slot);
        atomic_store_explicit(&slot->state, goes_on ? SLOT_OPEN : SLOT_SPENT, memory_order_release);
    }
}

static void* take_table(uint64_t count, size_t entry_bytes) {
    void* table = count <= PTRDIFF_MAX / entry_bytes ? xmalloc(count * entry_bytes) : NULL;
    if (table == NULL) fail_no_memory("the table of sequences");
    return table;
}

// Walks what was kept, which must still be there and whole.
static void digest_kept(const struct search_state* state) {
    digest_read_nonce();
    for (uint64_t i = 0; i < state->count; i++) {
        const void* sequence = state->kept[i];
        uint64_t digest = digest_wants(i + 1) ? state->kind->digest(sequence, digest_start(i + 1)) : 0;
        digest_take(digest, state->kind->length(sequence));
    }
    digest_print();
}

void search(const struct sequence_kind* kind, struct options options) {
    struct search_state state = {.kind = kind, .count = options.top - 1};
    state.kept = take_table(state.count, sizeof state.kept[0]);
    state.slot_count = state.count < SLOTS_MOST ? state.count : SLOTS_MOST;
    state.slots = take_table(state.slot_count, sizeof state.slots[0]);
    for (uint64_t i = 0; i < state.slot_count; i++) {
        state.slots[i] = (struct slot){.number = i + 1, .sequence = kind->start(i + 1)};
        atomic_init(&state.slots[i].state, SLOT_OPEN);
    }
    atomic_init(&state.ticket, 0);
    atomic_init(&state.next, state.slot_count + 1);

    crew_run(options.threads, search_work, &state);

    struct answer answer = {0};
    for (uint64_t i = 0; i < state.count; i++) answer_consider(&answer, i + 1, kind->length(state.kept[i]) - 1);
    answer_print(&answer);
    if (options.digest) digest_kept(&state);

    for (uint64_t i = 0; i < state.count; i++) kind->release(state.kept[i]);
    xfree(state.slots);
    xfree(state.kept);
}

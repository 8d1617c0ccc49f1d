// search.c: see search.h.

#include "programs/search.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>

#include "programs/answer.h"
#include "programs/crew.h"
#include "programs/failure.h"
#include "programs/step.h"
#include "xmalloc.h"

enum slot_state { SLOT_OPEN, SLOT_CLAIMED, SLOT_DONE };

struct slot {
    void* sequence;      // owned by whoever claimed the slot
    atomic_uchar state;  // an enum slot_state
};

struct search_state {
    const struct sequence_kind* kind;
    struct slot* slots;  // slots[i] is that of the number i + 1
    uint64_t count;
    atomic_uint_fast64_t ticket;  // the next slot to look at, counted on through all rounds
};

// Takes the sequence of a claimed slot one stride further. Returns whether it has reached 1.
static bool slot_advance(const struct sequence_kind* kind, struct slot* slot, uint64_t number) {
    void* original = slot->sequence;
    void* longer = kind->copy(original);
    uint64_t value = kind->last(longer);
    for (unsigned i = 0; i < STRIDE_ELEMENTS && value != 1; i++) {
        if (!collatz_step(value, &value)) {
            fail(EXIT_NO_ANSWER, "the sequence of %" PRIu64 " leaves 64 bits: 3 * %" PRIu64 " + 1", number, value);
        }
        kind->append(longer, value);
    }
    kind->release(original);
    slot->sequence = longer;
    return value == 1;
}

// A thread may leave when it drew a whole round of tickets in vain. Nothing is left behind by that: whoever opens a
// slot again draws on, and before it has drawn a round in vain itself somebody has looked at that slot.
static void search_work(void* context, unsigned which) {
    (void)which;
    struct search_state* state = context;
    uint64_t in_vain = 0;
    while (in_vain < state->count) {
        uint64_t index = atomic_fetch_add(&state->ticket, 1) % state->count;
        struct slot* slot = &state->slots[index];
        unsigned char expected = SLOT_OPEN;
        if (!atomic_compare_exchange_strong_explicit(&slot->state, &expected, SLOT_CLAIMED, memory_order_acquire,
                                                     memory_order_relaxed)) {
            in_vain++;
            continue;
        }
        in_vain = 0;
        bool done = slot_advance(state->kind, slot, index + 1);
        atomic_store_explicit(&slot->state, done ? SLOT_DONE : SLOT_OPEN, memory_order_release);
    }
}

void search(const struct sequence_kind* kind, struct options options) {
    struct search_state state = {.kind = kind, .count = options.top - 1};
    if (state.count <= PTRDIFF_MAX / sizeof(struct slot)) state.slots = xmalloc(state.count * sizeof(struct slot));
    if (state.slots == NULL) fail_no_memory("the table of sequences");
    for (uint64_t i = 0; i < state.count; i++) {
        state.slots[i].sequence = kind->start(i + 1);
        atomic_init(&state.slots[i].state, SLOT_OPEN);
    }
    atomic_init(&state.ticket, 0);

    crew_run(options.threads, search_work, &state);

    struct answer answer = {0};
    for (uint64_t i = 0; i < state.count; i++) {
        answer_consider(&answer, i + 1, kind->length(state.slots[i].sequence) - 1);
        kind->release(state.slots[i].sequence);
    }
    xfree(state.slots);
    answer_print(&answer);
}

// depot.c: see depot.h.

#include "par/depot.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "par/estimate.h"
#include "par/harden.h"
#include "par/invariant.h"
#include "par/lock.h"
#include "par/metadata.h"
#include "par/page_map.h"
#include "par/region.h"
#include "par/size_class.h"

enum {
    KEPT_BYTES = 256 * 1024,               // of blocks may a class always keep in the depot,
    KEPT_SHARE = 8,                        // or this part of what was in use lately;
    SHRINK_BYTES = 1024 * 1024,            // a class that had so much in use lately shrinks when half of it is left,
    SHRINK_EARLY_BYTES = 8 * 1024 * 1024,  // one that had so much when all but this part is,
    SHRINK_EARLY_SHARE = 8,
    STAYS_BYTES = 2 * 1024 * 1024,  // of a class that comes back again and again may stay in the depot,
    STAYS_AFTER = 2,                // from so many times on,
    GIVEN_SHARE = 8,                // each of this part of what was in use lately, or more
    LAST_SHARE = 256,               // of what was in use lately
    RECENT_SHARE = 16,    // by this part of the way "lately" comes down to the present with each magazine taken
    SWEPT_CLASSES = 4,    // that the hand passes at a time, and
    SWEPT_MAGAZINES = 2,  // that leave those nobody comes for,
    SWEPT_EVERY = 32,     // magazines that a class takes, though it needs no fresh memory
    DRAINED = 2,          // magazines that go to the spans at a time while a class shrinks
    NEW_RECORDS = 16,     // of magazines, at a time
    PUT_OFF_SWEEPS = 1024,
};

// Not in the first of its blocks: both words of a free block say that it is free, and the smallest have no third.
struct record {
    struct record* next;
    struct block* first;
    unsigned count;
};

struct depot {
    _Alignas(LINE_BYTES) struct lock lock;  // guards this and every span of the class
    struct lock growth;                     // who makes a span has it, and takes it before the other
    struct record* magazines;
    struct record* unused_records;
    uint64_t blocks;  // in the magazines
    struct span_list spans;
    uint64_t recent;    // the most blocks that were with threads and the program lately
    uint64_t given;     // to spans, while less than half of that was in use,
    uint64_t missed;    // and taken from spans since; both since the class came back last
    uint8_t came_back;  // so often
    uint8_t takes;      // of magazines
    bool is_used;       // somebody came since the hand passed
};

// tests/models/depot.pml proves depot_take, depot_give and depot_give_loose: no block is lost or handed out twice.
// tests/models/fork.pml has lock_to_take, depot_lock_all and depot_unlock_all: in which order the two locks of a class
// are taken. But for a fork nobody has locks of two classes.
static struct depot depots[CLASS_COUNT];

// The lock, and the record of one magazine, if there is memory for it. Memory for records comes without the lock, for
// then this waits for the system.
static void lock_to_push(struct depot* depot) {
    lock_take(&depot->lock);
    if (depot->unused_records != NULL) return;
    lock_give(&depot->lock);
    struct record* records = metadata_take(NEW_RECORDS * sizeof *records);
    lock_take(&depot->lock);
    for (size_t i = 0; records != NULL && i < NEW_RECORDS; i++) {
        records[i].next = depot->unused_records;
        depot->unused_records = &records[i];
    }
}

static void push_magazine(struct depot* depot, struct block* first, unsigned count) {
    struct record* magazine = depot->unused_records;
    depot->unused_records = magazine->next;
    *magazine = (struct record){.next = depot->magazines, .first = first, .count = count};
    depot->magazines = magazine;
    depot->blocks += count;
}

static struct batch pop_magazine(struct depot* depot) {
    struct record* magazine = depot->magazines;
    depot->magazines = magazine->next;
    depot->blocks -= magazine->count;
    magazine->next = depot->unused_records;
    depot->unused_records = magazine;
    return (struct batch){.first = magazine->first, .count = magazine->count};
}

// Gives the lock, and then the spans that have all their blocks back.
static void give_spans(struct depot* depot) {
    struct span* emptied = span_list_take_emptied(&depot->spans);
    lock_give(&depot->lock);
    spans_give(emptied);
}

// The same, and pays: that waits for the system.
static void unlock(struct depot* depot) {
    give_spans(depot);
    region_pay();
}

// Blocks that are with threads or the program.
static uint64_t in_use(const struct depot* depot) { return depot->spans.outside - depot->blocks; }

static void note_demand(struct depot* depot) {
    uint64_t now = in_use(depot);
    if (now >= depot->recent) {
        depot->recent = now;
    } else {
        depot->recent -= (depot->recent - now) / RECENT_SHARE;
    }
}

// Many a program takes blocks of one size, frees them all, and begins again. If they went to their spans and came from
// there each time, that would cost as much as all the rest. So a class that has come back twice stays, as long as
// somebody comes for it now and then; but only one, and only if it is little: what lies here is nobody else's.
static atomic_size_t staying;  // the class, or NO_CLASS,
static atomic_size_t leaving;  // and one that did, and goes now

static bool stays(const struct depot* depot, unsigned size_class) {
    return estimate(&staying) == size_class && depot->recent * size_classes[size_class].block_bytes <= STAYS_BYTES;
}

static void note_given(struct depot* depot, uint64_t blocks) {
    if (in_use(depot) < depot->recent / 2) depot->given += blocks;
}

static void note_missed(struct depot* depot, unsigned size_class, uint64_t blocks) {
    depot->missed += blocks;
    bool was_much = depot->given > 0 && depot->given >= depot->recent / GIVEN_SHARE;
    if (!was_much || depot->missed < depot->given / 2) return;
    depot->given = 0;
    depot->missed = 0;
    if (depot->came_back < STAYS_AFTER) depot->came_back++;
    if (depot->came_back == STAYS_AFTER && estimate(&staying) == NO_CLASS) estimate_set(&staying, size_class);
}

// Nobody came for it since the hand passed.
static void forget(struct depot* depot, unsigned size_class) {
    depot->came_back = 0;
    if (estimate(&staying) != size_class) return;
    estimate_set(&staying, NO_CLASS);
    estimate_set(&leaving, size_class);
}

// A class of which much was in use is told early: a thread that has freed its own part and then does nothing more would
// else keep two magazines of blocks from all over the heap, each in a span that can then not go back.
static bool is_shrinking(const struct depot* depot, unsigned size_class) {
    uint64_t recent_bytes = depot->recent * size_classes[size_class].block_bytes;
    if (recent_bytes < SHRINK_BYTES || stays(depot, size_class)) return false;
    uint64_t least =
        recent_bytes < SHRINK_EARLY_BYTES ? depot->recent / 2 : depot->recent - depot->recent / SHRINK_EARLY_SHARE;
    return in_use(depot) < least;
}

static bool is_full(const struct depot* depot, unsigned size_class) {
    if (depot->unused_records == NULL) return true;
    if (stays(depot, size_class)) return depot->blocks >= depot->recent;
    return depot->blocks * size_classes[size_class].block_bytes >= KEPT_BYTES &&
           depot->blocks >= depot->recent / KEPT_SHARE;
}

static void give_list(struct depot* depot, unsigned size_class, struct block* first) {
    uint64_t before = depot->spans.outside;
    span_list_give(&depot->spans, size_class, first);
    note_given(depot, before - depot->spans.outside);
}

// While a class shrinks, its magazines go back two at a time, so that no call takes long. Two together take hardly
// longer than one would alone; eight would save a sixth of the time, but no call is to move more than three. Result:
// how many, up to `most` (at most DRAINED).
static unsigned drain(struct depot* depot, unsigned size_class, unsigned most) {
    struct block* firsts[DRAINED];
    unsigned count = 0;
    for (; count < most && depot->magazines != NULL; count++) firsts[count] = pop_magazine(depot).first;
    uint64_t before = depot->spans.outside;
    span_list_give_cold(&depot->spans, size_class, firsts, count);
    note_given(depot, before - depot->spans.outside);
    return count;
}

// Gives up to so many magazines of a class for which nobody came since the hand passed. Result: how many.
static unsigned sweep_class(unsigned size_class, unsigned most) {
    struct depot* depot = &depots[size_class];
    if (size_class == NO_CLASS || !lock_try(&depot->lock)) return 0;
    unsigned swept = depot->is_used ? 0 : drain(depot, size_class, most);
    if (!depot->is_used) forget(depot, size_class);
    depot->is_used = false;
    give_spans(depot);
    return swept;
}

// Most children of a fork end soon. One that takes so many batches of fresh memory has a heap of its own by then.
static atomic_int sweeps_put_off;

void depot_is_forked(void) {
    // order: relaxed. There is no other thread yet.
    atomic_store_explicit(&sweeps_put_off, PUT_OFF_SWEEPS, memory_order_relaxed);
}

// Fresh memory is needed, or much work was done, so what lies idle elsewhere goes, little by little: the hand goes on
// to the next classes (CLOCK, as in paging). Nobody waits for a lock here.
static void sweep(void) {
    static atomic_uint hand;
    // order: relaxed, here and below, and in depot_is_forked. A sweep more or less does no harm.
    if (atomic_load_explicit(&sweeps_put_off, memory_order_relaxed) > 0) {
        // order: relaxed.
        atomic_fetch_sub_explicit(&sweeps_put_off, 1, memory_order_relaxed);
        return;
    }
    // order: relaxed. Two threads at the same class, or one left out, do no harm.
    unsigned first = atomic_fetch_add_explicit(&hand, SWEPT_CLASSES, memory_order_relaxed);
    size_t left = estimate(&leaving);
    unsigned swept = sweep_class((unsigned)left, SWEPT_MAGAZINES);
    if (left != NO_CLASS && swept == 0) estimate_set(&leaving, NO_CLASS);
    for (unsigned i = 0; i < SWEPT_CLASSES; i++)
        swept += sweep_class((first + i) % CLASS_COUNT, SWEPT_MAGAZINES - swept);
}

static bool has_blocks(const struct depot* depot) { return depot->magazines != NULL || depot->spans.first != NULL; }

// The lock, and a span to take from if there was no free block. That is made without the lock, so that nobody but who
// needs one, too, waits for the system; but one at a time, so that all take from it. Result: whether one was made.
static bool lock_to_take(struct depot* depot, unsigned size_class) {
    lock_take(&depot->lock);
    if (has_blocks(depot)) return false;
    lock_give(&depot->lock);
    lock_take(&depot->growth);
    lock_take(&depot->lock);
    struct span* made = NULL;
    if (!has_blocks(depot)) {
        lock_give(&depot->lock);
        made = span_make(size_class);
        lock_take(&depot->lock);
        if (made != NULL) span_list_add(&depot->spans, made);
    }
    lock_give(&depot->growth);
    return made != NULL;
}

struct batch depot_take(unsigned size_class, unsigned wanted) {
    struct depot* depot = &depots[size_class];
    struct batch batch = {0};
    bool is_made = lock_to_take(depot, size_class);
    if (depot->magazines != NULL && !is_made) {
        batch = pop_magazine(depot);
    } else {
        batch = span_list_take(&depot->spans, size_class, wanted);
        note_missed(depot, size_class, batch.count + batch.fresh_count);
    }
    note_demand(depot);
    depot->is_used = true;
    bool sweeps = batch.fresh_count > 0 || ++depot->takes % SWEPT_EVERY == 0;
    lock_give(&depot->lock);
    if (sweeps) sweep();
    region_pay();
    return batch;
}

// What who gives blocks is told of the class. The last of them count as one: in random order they empty nearly all
// spans, and each call gives few of these back to the system.
static uint64_t left_of(const struct depot* depot, bool shrinking) {
    if (!shrinking) return 0;
    return in_use(depot) < depot->recent / LAST_SHARE ? 1 : in_use(depot) + 1;
}

uint64_t depot_give(unsigned size_class, struct block* magazine, unsigned count) {
    struct depot* depot = &depots[size_class];
    lock_to_push(depot);
    bool shrinking = is_shrinking(depot, size_class);
    depot->is_used = true;
    if (shrinking) drain(depot, size_class, DRAINED);
    if (shrinking || is_full(depot, size_class)) {
        give_list(depot, size_class, magazine);
    } else {
        push_magazine(depot, magazine, count);
    }
    uint64_t left = left_of(depot, shrinking);
    unlock(depot);
    return left;
}

uint64_t depot_give_loose(unsigned size_class, struct block* first) {
    struct depot* depot = &depots[size_class];
    lock_take(&depot->lock);
    give_list(depot, size_class, first);
    bool shrinking = is_shrinking(depot, size_class);
    if (shrinking) drain(depot, size_class, DRAINED);
    uint64_t left = left_of(depot, shrinking);
    unlock(depot);
    return left;
}

// For an ending thread, see tests/models/ending.pml.
struct block* depot_take_one(unsigned size_class) {
    struct depot* depot = &depots[size_class];
    bool is_made = lock_to_take(depot, size_class);
    struct batch batch = {0};
    if (depot->magazines != NULL && !is_made) {
        batch = pop_magazine(depot);
        if (batch.count > 1) push_magazine(depot, next_of(batch.first), batch.count - 1);
    } else {
        batch = span_list_take(&depot->spans, size_class, 1);
        struct block* block = span_cut(&batch, size_class);
        if (block != NULL && next_of(block) != NULL) span_list_give(&depot->spans, size_class, next_of(block));
        batch.first = block;
    }
    note_demand(depot);
    depot->is_used = true;
    bool is_fresh = batch.fresh_count > 0;
    unlock(depot);
    if (is_fresh) sweep();
    return batch.first;
}

void depot_give_one(unsigned size_class, struct block* block) {
    struct depot* depot = &depots[size_class];
    lock_to_push(depot);
    if (is_shrinking(depot, size_class) || is_full(depot, size_class)) {
        set_next(block, NULL);
        span_list_give(&depot->spans, size_class, block);
        drain(depot, size_class, DRAINED);
    } else {
        // It lengthens the magazine on top, so that the others find long ones.
        bool fits = depot->magazines != NULL && depot->magazines->count < size_classes[size_class].magazine_most;
        struct batch top = fits ? pop_magazine(depot) : (struct batch){0};
        set_next(block, top.first);
        push_magazine(depot, block, top.count + 1);
    }
    unlock(depot);
}

void depot_flush(void) {
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        struct depot* depot = &depots[size_class];
        lock_take(&depot->lock);
        while (depot->magazines != NULL) drain(depot, size_class, DRAINED);
        unlock(depot);
    }
}

size_t depot_used_bytes(void) {
    size_t bytes = 0;
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        struct depot* depot = &depots[size_class];
        lock_take(&depot->lock);
        bytes += in_use(depot) * size_classes[size_class].block_bytes;
        lock_give(&depot->lock);
    }
    return bytes;
}

void depot_lock_all(void) {
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        lock_take(&depots[size_class].growth);
        lock_take(&depots[size_class].lock);
    }
}

void depot_unlock_all(void) {
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        lock_give(&depots[size_class].lock);
        lock_give(&depots[size_class].growth);
    }
}

static void check_one(const struct depot* depot, unsigned size_class) {
    uint64_t in_magazines = 0;
    for (const struct record* magazine = depot->magazines; magazine != NULL; magazine = magazine->next) {
        unsigned blocks = 0;
        for (const struct block* block = magazine->first; block != NULL; block = next_of(block)) {
            check_invariant(page_map_class(block) == size_class, "a magazine holds blocks of its class only");
            blocks++;
        }
        check_invariant(blocks == magazine->count, "a magazine says how many blocks it has");
        in_magazines += blocks;
    }
    check_invariant(in_magazines == depot->blocks, "blocks in the depot are counted");
    check_invariant(depot->spans.outside >= depot->blocks, "blocks in the depot count as outside of their spans");
    span_list_check(&depot->spans, size_class);
}

void depot_check(void) {
    for (unsigned size_class = 1; size_class < CLASS_COUNT; size_class++) {
        lock_take(&depots[size_class].lock);
        check_one(&depots[size_class], size_class);
        lock_give(&depots[size_class].lock);
    }
}
